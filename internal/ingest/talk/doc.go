// Package talk is the shape in which what people said reaches the records:
// turns of a meeting, messages, mails, notes, items of a feed.
//
// It decides what such an item may hold and how much of it is read. It never
// reads a format: transcript, chat, mail and feed do, each from bytes alone.
package talk
