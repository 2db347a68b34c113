// Package fdlimit ends the process with a clear message if it may not open enough files. Importing it is all that is needed.
//
// The Go runtime needs two more descriptors when a program opens its first file, and prints a stack trace if it cannot have
// them. A package of protobuf opens a file before main runs, so main is too late for a check. This package imports
// only syscall, and Go initializes packages in the order of their import paths as soon as their imports are initialized, so it
// comes before every package that can open a file. TestScripts runs the program with few descriptors.
package fdlimit
