package diff

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/metafile"
)

// AddCheckpoints compares two checkpoints tensor by tensor and sets the part Checkpoint of a report. It compares dtypes, shapes and
// the checksums of values. It reads data only where checksums cannot decide: in V1 checkpoints, which have none, in big-endian
// ones, and for tensors with different slices. A tensor whose data cannot be read gets a note. The error is that of Options.Check.
func AddCheckpoints(r *Report, a, b *checkpoint.Checkpoint, o Options) error {
	s, err := o.read()
	if err != nil {
		return err
	}
	if !s.whole(Checkpoint) {
		return nil
	}
	p := &Part{A: len(a.Tensors), B: len(b.Tensors)}
	r.Checkpoint = p
	for x, y := range merged(a.Tensors, b.Tensors, byName) {
		switch {
		case y == nil:
			if s.name(x.Name) {
				p.Removed = append(p.Removed, Change{Name: x.Name, Value: describeTensor(x)})
			}
		case x == nil:
			if s.name(y.Name) {
				p.Added = append(p.Added, Change{Name: y.Name, Value: describeTensor(y)})
			}
		case s.name(x.Name):
			fields, note := tensorFields(a, x, b, y)
			if len(fields) > 0 {
				p.Changed = append(p.Changed, Change{Name: x.Name, Fields: fields})
			}
			if note != "" {
				r.Notes = append(r.Notes, note)
			}
		}
	}
	r.Equal = r.Equal && p.Empty()
	return nil
}

// CompareCheckpoints compares two checkpoints without graphs. It is AddCheckpoints on an empty report.
func CompareCheckpoints(a, b *checkpoint.Checkpoint, o Options) (*Report, error) {
	r := &Report{FormatVersion: formatVersion, Equal: true, Compared: Checkpoint,
		A: Side{File: a.Name, Kind: Checkpoint}, B: Side{File: b.Name, Kind: Checkpoint}}
	return r, AddCheckpoints(r, a, b, o)
}

// byName orders the tensors of a checkpoint.
func byName(x, y checkpoint.Tensor) int { return strings.Compare(x.Name, y.Name) }

// describeTensor returns the dtype and shape of a tensor as text.
func describeTensor(t *checkpoint.Tensor) string { return t.DTypeName() + " " + t.Shape.String() }

// tensorFields returns how two tensors of one name differ, and a note if their values could not be compared.
func tensorFields(a *checkpoint.Checkpoint, x *checkpoint.Tensor, b *checkpoint.Checkpoint, y *checkpoint.Tensor) (fields []Field, note string) {
	add := func(field, inA, inB string) {
		if inA != inB {
			fields = append(fields, Field{Field: field, A: &inA, B: &inB})
		}
	}
	add("dtype", x.DTypeName(), y.DTypeName())
	add("shape", x.Shape.String(), y.Shape.String())
	if len(fields) > 0 {
		return fields, ""
	}
	if same, known := checkpoint.SameChecksums(a, x, b, y); known {
		if !same {
			first, _ := x.Checksum()
			second, _ := y.Checksum()
			add("values", fmt.Sprintf("crc32c %08x", first), fmt.Sprintf("crc32c %08x", second))
			if len(fields) == 0 { // a partitioned tensor has a checksum for each slice
				fields = append(fields, Field{Field: "values"})
			}
		}
		return fields, ""
	}
	same, err := sameValues(a, x, b, y)
	switch {
	case err != nil:
		return nil, fmt.Sprintf("values of %s were not compared: %v", strconv.Quote(x.Name), err)
	case !same:
		fields = append(fields, Field{Field: "values"})
	}
	return fields, ""
}

// sameValues reports whether two tensors of the same dtype and shape have the same values.
func sameValues(a *checkpoint.Checkpoint, x *checkpoint.Tensor, b *checkpoint.Checkpoint, y *checkpoint.Tensor) (same bool, err error) {
	read := (*checkpoint.Checkpoint).Windows
	if x.IsString() {
		read = (*checkpoint.Checkpoint).Strings
	}
	err = metafile.Guard(func() error {
		first, err := read(a, x, checkpoint.Slice{})
		if err != nil {
			return err
		}
		second, err := read(b, y, checkpoint.Slice{})
		if err != nil {
			return err
		}
		if x.IsString() {
			same = len(first) == len(second)
			for i := range first {
				same = same && bytes.Equal(first[i], second[i])
			}
			return nil
		}
		same = equalWindows(first, second)
		return nil
	})
	return same, err
}

// equalWindows reports whether two lists of byte strings are equal when concatenated.
func equalWindows(a, b [][]byte) bool {
	var x, y []byte
	for {
		for len(x) == 0 && len(a) > 0 {
			x, a = a[0], a[1:]
		}
		for len(y) == 0 && len(b) > 0 {
			y, b = b[0], b[1:]
		}
		n := min(len(x), len(y))
		if n == 0 {
			return len(x) == len(y)
		}
		if !bytes.Equal(x[:n], y[:n]) {
			return false
		}
		x, y = x[n:], y[n:]
	}
}
