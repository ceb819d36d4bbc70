// Package pitch lays a shaped pitch out as a page.
//
// It decides what the betting table reads first and how each part is shown. It
// never renders and adds no statement that the pitch does not hold.
package pitch
