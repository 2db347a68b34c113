package checkpoint

import (
	"bytes"
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
)

// FuzzTable: a written table contains exactly the given entries, and find returns each of them.
func FuzzTable(f *testing.F) {
	f.Add([]byte("a=1,ab=2,abc=3,b=4"), uint8(0))
	f.Add([]byte("\xff\xff=x,=header,\x00k=v"), uint8(200))
	f.Fuzz(func(t *testing.T, text []byte, repeat uint8) {
		want := make(map[string]string)
		for entry := range strings.SplitSeq(string(text), ",") {
			key, value, _ := strings.Cut(entry, "=")
			want[key] = strings.Repeat(value, 1+int(repeat))
		}
		var out bytes.Buffer
		w := newTableWriter(&out)
		for _, key := range slices.Sorted(maps.Keys(want)) {
			w.add([]byte(key), []byte(want[key]))
		}
		if err := w.finish(); err != nil {
			t.Fatal(err)
		}
		table, err := openTable(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]string)
		if err := table.all(func(key, value []byte) error {
			got[string(key)] = string(value)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(want, got) {
			t.Errorf("%d entries, want %d", len(got), len(want))
		}
		for key, value := range want {
			if found, ok, err := table.find([]byte(key)); err != nil || !ok || string(found) != value {
				t.Errorf("find %q: %q, %v, %v", key, found, ok, err)
			}
		}
	})
}

// addCheckpoints adds the tables in testdata whose names have one of the suffixes to the seeds.
func addCheckpoints(f *testing.F, names ...string) {
	f.Helper()
	for _, name := range names {
		raw, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
}

// fuzzOpen opens bytes as an index and reads everything it describes. If it opens, its names are sorted, and each tensor has either
// values of the right size or an error.
func fuzzOpen(t *testing.T, raw []byte) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(DataPath(path, 0, 1), make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Open(path)
	if err != nil {
		return
	}
	defer c.Close() //nolint:errcheck // read only
	for i := range c.Tensors {
		tensor := &c.Tensors[i]
		if i > 0 && c.Tensors[i-1].Name >= tensor.Name {
			t.Errorf("%q follows %q", tensor.Name, c.Tensors[i-1].Name)
		}
		n, valid := tensor.elements()
		if texts, err := c.Strings(tensor, Slice{}); err == nil && int64(len(texts)) != n {
			t.Errorf("%q: %d strings of %d", tensor.Name, len(texts), n)
		}
		windows, err := c.Windows(tensor, Slice{})
		if err != nil {
			continue
		}
		size := int64(0)
		for _, w := range windows {
			size += int64(len(w))
		}
		if !valid || n > 0 && size%n != 0 {
			t.Errorf("%q: %d bytes for %d elements", tensor.Name, size, n)
		}
	}
	if _, err := c.Verify(t.Context(), nil, nil); err != nil {
		t.Errorf("verify: %v", err)
	}
	c.objects()
}

// FuzzBundle opens damaged V2 indexes.
func FuzzBundle(f *testing.F) {
	addCheckpoints(f, "bundle.index", "sliced.index", "objects.index")
	f.Fuzz(fuzzOpen)
}

// FuzzV1 opens damaged V1 checkpoints.
func FuzzV1(f *testing.F) {
	addCheckpoints(f, "first", "first-sliced")
	f.Fuzz(fuzzOpen)
}

// resealed returns a table with corrected checksums of its blocks, so that fuzzing gets past them.
func resealed(raw []byte) []byte {
	out := bytes.Clone(raw)
	t := &table{raw: out}
	at := int64(len(out) - footerSize)
	if at < 0 {
		return out
	}
	seal := func(h handle) {
		sum := mask(checksumOf(out[h.offset : h.offset+h.size+1]))
		for i := range 4 {
			out[h.offset+h.size+1+int64(i)] = byte(sum >> (8 * i))
		}
	}
	_, n, err := t.handle(out[at:len(out)-8], at)
	if err != nil {
		return out
	}
	index, _, err := t.handle(out[at+int64(n):len(out)-8], at)
	if err != nil {
		return out
	}
	seal(index)
	if parsed, err := openTable(out); err == nil {
		for _, h := range parsed.blocks {
			seal(h)
		}
	}
	return out
}

// FuzzResealed is like FuzzBundle and FuzzV1, but with correct checksums, which random damage would hardly ever produce. TensorFlow
// finds every key of a table that can be read: see seekTwin.
func FuzzResealed(f *testing.F) {
	addCheckpoints(f, "bundle.index", "sliced.index", "first", "first-sliced")
	f.Fuzz(func(t *testing.T, raw []byte) {
		raw = resealed(raw)
		fuzzOpen(t, raw)
		table, err := openTable(raw)
		if err != nil {
			return
		}
		var keys []string
		if err := table.all(func(key, _ []byte) error {
			keys = append(keys, string(key))
			return nil
		}); err != nil {
			return
		}
		for _, key := range keys {
			if found, ok := seekTwin(t, table, key); !ok || found != key {
				t.Errorf("TensorFlow finds %q in place of %q", found, key)
			}
		}
	})
}

// seekTwin returns the first key of the block for a key that is not below it, as TensorFlow finds it: by a binary search of the
// restart points, then entry by entry (Block::Iter::Seek in tensorflow/core/lib/io/block.cc).
func seekTwin(t *testing.T, table *table, key string) (string, bool) {
	t.Helper()
	h := table.blocks[sort.Search(len(table.bounds), func(i int) bool { return string(table.bounds[i]) >= key })]
	contents, err := table.block(h)
	if err != nil {
		t.Fatal(err)
	}
	count := int(binary.LittleEndian.Uint32(contents[len(contents)-4:]))
	restarts := contents[len(contents)-4-4*count:]
	entries := contents[:len(contents)-len(restarts)]
	at := func(i int) []byte { return entries[binary.LittleEndian.Uint32(restarts[4*i:]):] }
	left, right := 0, count-1
	for left < right {
		middle := (left + right + 1) / 2
		if found, _, ok := entryTwin(at(middle), ""); !ok || found >= key {
			right = middle - 1
		} else {
			left = middle
		}
	}
	found, rest, ok := entryTwin(at(left), "")
	for ok && found < key {
		found, rest, ok = entryTwin(rest, found)
	}
	return found, ok
}

// entryTwin returns the key of the entry at the start of p, and what follows it.
func entryTwin(p []byte, last string) (key string, rest []byte, ok bool) {
	var lengths [3]int
	for i := range lengths {
		v, n := binary.Uvarint(p)
		if n <= 0 {
			return "", nil, false
		}
		lengths[i], p = int(v), p[n:]
	}
	if lengths[0] > len(last) {
		return "", nil, false
	}
	return last[:lengths[0]] + string(p[:lengths[1]]), p[lengths[1]+lengths[2]:], true
}

// TestRestartPoints damages the restart points and the bounds in the index of a table, by which TensorFlow finds the keys.
func TestRestartPoints(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("testdata", "bundle.index"))
	if err != nil {
		t.Fatal(err)
	}
	read, err := openTable(whole)
	if err != nil {
		t.Fatal(err)
	}
	block := read.blocks[0]
	points := block.offset + block.size - 8 // the last restart point of the only block, and their number
	index := block.offset + block.size + trailerSize + 8 + trailerSize
	for _, test := range []struct {
		name string
		at   int64 // the byte to change
		to   byte
		want string
	}{
		{"elsewhere", points, 1, "restart point"},
		{"beyond the end", points + 3, 0x7f, "restart point"},
		{"bound", index + 3, 1, "does not lead to the key"}, // after the three lengths of the entry
	} {
		raw := bytes.Clone(whole)
		raw[test.at] = test.to
		damaged, err := openTable(resealed(raw))
		if err == nil {
			err = damaged.all(func(_, _ []byte) error { return nil })
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want an error with %q", test.name, err, test.want)
		}
	}
}
