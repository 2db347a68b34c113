// Package rewrite changes one thing in a MetaGraphDef and leaves all other bytes as they are. Each rewrite takes the
// message as wire bytes, returns the new one as a rope of windows on them, and a report of what it did.
package rewrite
