// Package redact masks personal data in text: e-mail addresses, phone numbers,
// payment cards, IBANs, IP addresses and keys.
//
// It decides by form, check digits and the words in front, and it masks in
// place: the masked text has as many bytes as the original, so a byte offset
// means the same in both. It does not find names, postal addresses or national
// ids, and it never changes a byte outside a mask.
package redact
