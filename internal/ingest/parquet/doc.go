// Package parquet reads the flat tables of Apache Parquet files.
//
// It decides what the columns are, how their values read as text (dates, times,
// decimals, whole numbers, flags), and whether a file is one that can be read:
// lists, maps and structs are refused, and so are encrypted files. It trusts no
// count and no size that a file states: nothing is unpacked beyond what its page
// declares, pages and everything written out have a bound, and levels and
// dictionary indexes are walked, never laid out. It does no I/O.
//
// The format: https://github.com/apache/parquet-format
package parquet
