package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// TestStream writes messages whose length changes, up to the boundaries between lengths of one, two and three bytes.
func TestStream(t *testing.T) {
	before, after := wiretest.String(1, "before"), wiretest.String(5, "after")
	for _, old := range []int{0, 127, 128, 1<<14 - 1, 1 << 14, 1 << 17} {
		for _, size := range []int{0, 1, 127, 128, 1<<14 - 1, 1 << 14, 1 << 17} {
			payload := sequence(size)
			var file wiretest.File
			s := wire.NewStream(&file, &file)
			err := errors.Join(s.Append(wire.NewRope(before)), s.Message(graphField(old), func() error {
				section := s.Section(size)
				section.Window(payload[:size/2])
				section.Window(payload[size/2:])
				return section.Join()
			}), s.Append(wire.NewRope(after)))
			if protowire.SizeVarint(uint64(old)) != protowire.SizeVarint(uint64(size)) {
				if !errors.Is(err, errors.ErrUnsupported) {
					t.Errorf("from %d to %d bytes: %v", old, size, err)
				}
				continue
			}
			want := wiretest.Join(before, wiretest.Message(fieldnum.MetaGraphDef_GraphDef, payload), after)
			if err != nil || !bytes.Equal(file, want) {
				t.Errorf("from %d to %d bytes: %v, or wrong bytes", old, size, err)
			}
		}
	}
}

// graphField returns a GraphDef of the given size.
func graphField(size int) wire.Field {
	raw := wiretest.Message(fieldnum.MetaGraphDef_GraphDef, make([]byte, size))
	return wire.Field{Num: fieldnum.MetaGraphDef_GraphDef, Type: protowire.BytesType, Raw: raw, Data: raw[len(raw)-size:]}
}

// TestStreamFails: an error of the writer ends each method, wherever the space ends.
func TestStreamFails(t *testing.T) {
	for room := range 10 {
		file := make(wiretest.File, 10)
		s := wire.NewStream(&brokenWriter{room: room}, &file)
		err := s.Append(wire.NewRope([]byte("12")))
		if err == nil {
			err = s.Message(graphField(3), func() error {
				section := s.Section(3)
				section.Window([]byte("345"))
				return section.Join()
			})
		}
		if err == nil {
			err = s.Append(wire.NewRope([]byte("678")))
		}
		if !errors.Is(err, errBroken) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
	if err := wire.NewStream(new(wiretest.File), nil).Message(graphField(3), func() error { return errBroken }); !errors.Is(err, errBroken) {
		t.Errorf("the body fails: %v", err)
	}
}

// TestStreams checks which messages can be streamed.
func TestStreams(t *testing.T) {
	graph := wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.String(fieldnum.GraphDef_Node, "0123456789"))
	entry := wiretest.Message(fieldnum.MetaGraphDef_CollectionDef, wiretest.String(fieldnum.MapEntry_Key, "k"))
	for _, test := range []struct {
		name string
		raw  []byte
		want bool
	}{
		{"a graph", graph, true},
		{"other fields", wiretest.Join(entry, graph, wiretest.String(99, "unknown")), true},
		{"no graph", entry, false},
		{"a small graph", wiretest.Message(fieldnum.MetaGraphDef_GraphDef), false},
		{"a graph in two parts", wiretest.Join(graph, graph), false},
		{"a key that occurs twice", wiretest.Join(graph, entry, entry), false},
		{"a long length", []byte{0x12, 0x8c, 0x00, 0x0a, 0x0a, '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'}, false},
	} {
		m, err := wire.ParseMetaGraph(test.raw)
		if got := m.Streams(12); err != nil || got != test.want {
			t.Errorf("%s: %t, %v", test.name, got, err)
		}
	}
	if m := wire.MetaGraphOf(graph[2:]); !m.Streams(12) || m.Streams(13) {
		t.Error("a GraphDef alone: wrong")
	}
}

// TestGathered: a Gathered writes what a Builder builds, in few pieces, whether the fields are small or large.
func TestGathered(t *testing.T) {
	base := sequence(200 << 10)
	for _, size := range []int{30, 100 << 10, len(base)} {
		g, b := wire.NewGathered(size), new(wire.Builder)
		edits := []wire.Edit{{At: 0, Size: 1}, {At: 10, New: 3}, {At: size / 2, Size: 7, New: 2}, {At: size - 1, Size: 1}}
		for _, to := range []wire.FieldWriter{g, b} {
			for range 10 {
				to.Window(base[:20])
				to.Edited(3, base[:size], edits, []byte("abcde"))
				to.Window(base[:size])
			}
		}
		var file countedFile
		want := b.Build().Bytes()
		if n, err := g.WriteTo(&file); err != nil || n != int64(len(want)) || !bytes.Equal(file.File, want) || file.writes > 50 {
			t.Errorf("fields of %d bytes: %d bytes in %d pieces, %v, or wrong bytes", size, n, file.writes, err)
		}
	}
}

type countedFile struct {
	wiretest.File
	writes int
}

func (f *countedFile) Write(p []byte) (int, error) {
	f.writes++
	return f.File.Write(p)
}
