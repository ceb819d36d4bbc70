// Package tabular reads tables: delimited text, JSON, JSON Lines and workbooks.
//
// It decides where a table starts, what its columns are called and which rows
// do not fit it. Rows that do not fit are handed over marked, with the reason;
// they are never dropped and never bent into shape. It does not know what a
// column means, and it does no I/O: text and bytes come in, cells come out.
package tabular
