package hugepage

import "testing"

// TestMake checks tables below and above the size of a huge page: they are empty, and all of their memory can be used.
func TestMake(t *testing.T) {
	for _, length := range []int{0, 1, 1 << 10, 2<<20 - 1, 5 << 20} {
		table := Make[uint32](length, length+3)
		if len(table) != length || cap(table) != length+3 {
			t.Fatalf("got length %d and capacity %d, want %d and %d", len(table), cap(table), length, length+3)
		}
		for i := range table {
			if table[i] != 0 {
				t.Fatalf("element %d of %d is %d", i, length, table[i])
			}
			table[i] = uint32(i)
		}
		for i := range table {
			if table[i] != uint32(i) {
				t.Fatalf("element %d of %d changed", i, length)
			}
		}
	}
}
