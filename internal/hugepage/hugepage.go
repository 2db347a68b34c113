// Package hugepage allocates large tables in huge pages where the operating system has them. A table of some megabytes then costs a
// few page faults instead of thousands, and random access to it needs fewer steps of address translation.
package hugepage

import "unsafe"

// Make returns a new slice, like make. T must not contain pointers.
func Make[T any](length, capacity int) []T {
	s := make([]T, length, capacity)
	advise(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), uintptr(capacity)*unsafe.Sizeof(*new(T))))
	return s
}
