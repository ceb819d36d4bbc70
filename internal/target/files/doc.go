// Package files is the target "files in a directory": it creates, replaces and
// deletes regular files below declared folders of one root directory.
//
// It decides which names are files that a change may touch, and it writes each
// file whole or not at all. It never follows a symbolic link, never touches a
// file that has a second name, never leaves the root, and never writes a file
// that is not what it was when the change was planned.
package files
