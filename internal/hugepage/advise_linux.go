package hugepage

import (
	"syscall"
	"unsafe"
)

// size is the size of a huge page on most processors.
const size = 2 << 20

// advise asks for huge pages for the memory of a table. It leaves out the ends, which share a huge page with other memory. Errors do not
// matter: the memory has small pages then.
func advise(table []byte) {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(table)))
	first := int(-start & (size - 1)) // offset of the first huge page
	if last := len(table) - int((start+uintptr(len(table)))&(size-1)); first < last {
		_ = syscall.Madvise(table[first:last], syscall.MADV_HUGEPAGE)
	}
}
