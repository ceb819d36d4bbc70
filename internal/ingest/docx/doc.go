// Package docx reads the words of a Word document.
//
// It decides which of its paragraphs are headings and list items, and writes the
// whole as Markdown, one paragraph a line, which is then read like notes. It
// never reads comments, tracked deletions, headers or footers, and follows no link.
package docx
