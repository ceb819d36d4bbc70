// Package brief lays a problem brief out as a page.
//
// It decides what an architect reads first and how each part is shown. It never
// renders, never rounds anew and adds no statement that the brief does not hold.
package brief
