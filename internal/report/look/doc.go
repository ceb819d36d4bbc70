// Package look is the one look of every page that the product shows: colours by
// day and by night, type, tables, charts, print and small screens; the script
// that pages work without; and the policy that allows these two only.
//
// It decides how things look. It never decides what stands on a page.
package look
