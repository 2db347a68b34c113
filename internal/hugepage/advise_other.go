//go:build !linux

package hugepage

// advise does nothing: these systems choose the sizes of pages themselves.
func advise([]byte) {}
