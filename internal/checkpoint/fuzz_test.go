package checkpoint

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
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

// FuzzResealed is like FuzzBundle and FuzzV1, but with correct checksums, which random damage would hardly ever produce.
func FuzzResealed(f *testing.F) {
	addCheckpoints(f, "bundle.index", "sliced.index", "first", "first-sliced")
	f.Fuzz(func(t *testing.T, raw []byte) { fuzzOpen(t, resealed(raw)) })
}
