package rewrite

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// lastEntries returns which fields of a map count: of those with the same key the last. The others are passed over.
func lastEntries(m *wire.MetaGraph, num protowire.Number) map[int]bool {
	at := make(map[string]int)
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Is(num) {
			key, _ := wire.MapEntry(f.Data)
			at[string(key)] = i
		}
	}
	out := make(map[int]bool, len(at))
	for _, i := range at {
		out[i] = true
	}
	return out
}

// appendGraph appends a GraphDef as a pass has it.
func appendGraph(b *wire.Builder, f wire.Field, pass *scope.Pass) error {
	var err error
	debugInfo := false
	b.Message(f.Num, func() {
		err = pass.Graph(b, f.Data, func(other wire.Field) error {
			if err := checkBesideNodes(other); err != nil {
				return err
			}
			switch {
			case other.Is(wire.GraphLibrary):
				return pass.Library(b, other)
			case other.Is(wire.GraphDebugInfo) && !pass.Plan.Nothing():
				if debugInfo {
					return nil // it is one message, wherever its parts stand
				}
				debugInfo = true
				whole, _ := wire.Merged(f.Data, wire.GraphDebugInfo)
				info, err := pass.Plan.DebugInfo(nil, whole)
				b.Bytes(other.Num, info)
				return err
			}
			b.Window(other.Raw)
			return nil
		})
	})
	return err
}

// appendValue appends an entry to a list of a CollectionDef.
func appendValue(list, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(list, 1, protowire.BytesType), value)
}

// writeCollection appends a collection of a MetaGraphDef. Of kind 0, it is one that holds no list.
func writeCollection(b *wire.Builder, key string, kind protowire.Number, lists ...[]byte) {
	b.Message(wire.CollectionDef, func() {
		b.String(1, key)
		b.Message(2, func() {
			if kind == 0 {
				return
			}
			b.Message(kind, func() {
				for _, list := range lists {
					b.Window(list)
				}
			})
		})
	})
}

// writeEntry appends an entry of a map from strings to messages.
func writeEntry(b *wire.Builder, num protowire.Number, key, value []byte) {
	b.Message(num, func() {
		b.Bytes(1, key)
		b.Bytes(2, value)
	})
}

// appendFields appends all fields num of message as they stand.
func appendFields(b *wire.Builder, message []byte, num protowire.Number) {
	for s := wire.Scan(message); s.Next(); {
		if s.Num == num {
			b.Window(s.Raw)
		}
	}
}

// copyField appends the fields num of a MetaGraphDef as they stand.
func copyField(b *wire.Builder, m *wire.MetaGraph, num protowire.Number) {
	for _, f := range m.Fields {
		if f.Is(num) {
			b.Field(f)
		}
	}
}
