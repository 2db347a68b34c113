package rewrite

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/scope"
	"github.com/metagraph/metagraph/internal/wire"
)

// entryKeys returns the set of keys of a map field.
func entryKeys(m *wire.MetaGraph, num protowire.Number) map[string]bool {
	keys := make(map[string]bool)
	for key := range m.Entries(num) {
		keys[string(key)] = true
	}
	return keys
}

// lastEntries returns the indexes of the fields that are live entries of a map. An entry is live if no later entry has
// the same key.
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

// appendGraph appends a GraphDef with the changes of a NodeRewriter.
func appendGraph(b *wire.Builder, f wire.Field, rewriter *scope.NodeRewriter) error {
	var err error
	debugInfo := false
	b.Message(f.Num, func() {
		err = rewriter.Graph(b, f.Data, func(other wire.Field) error {
			if err := checkOtherField(other); err != nil {
				return err
			}
			switch {
			case other.Is(fieldnum.GraphDef_Library):
				return rewriter.Library(b, other)
			case other.Is(fieldnum.GraphDef_DebugInfo) && !rewriter.Plan.Nothing():
				if debugInfo {
					return nil // the first part was replaced by the merged message
				}
				debugInfo = true
				whole, _ := wire.Merged(f.Data, fieldnum.GraphDef_DebugInfo)
				info, err := rewriter.Plan.DebugInfo(nil, whole)
				b.Bytes(other.Num, info)
				return err
			}
			b.Window(other.Raw)
			return nil
		})
	})
	return err
}

// appendValue appends an entry to the list of a CollectionDef.
func appendValue(list, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(list, scope.ListValue, protowire.BytesType), value)
}

// appendValues returns the list of a CollectionDef with the given entries.
func appendValues(entries []string) []byte {
	var list []byte
	for _, entry := range entries {
		list = appendValue(list, []byte(entry))
	}
	return list
}

// writeCollection appends a collection of a MetaGraphDef. Kind 0 writes a collection without a list.
func writeCollection(b *wire.Builder, key string, kind protowire.Number, lists ...[]byte) {
	b.Message(fieldnum.MetaGraphDef_CollectionDef, func() {
		b.String(fieldnum.MapEntry_Key, key)
		b.Message(fieldnum.MapEntry_Value, func() {
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

// writeChanged appends the collection in field f with a change.
func writeChanged(b *wire.Builder, f wire.Field, key string, change scope.CollectionChange) {
	if change.Same {
		b.Field(f)
		return
	}
	writeCollection(b, key, change.Kind, change.List)
}

// writeEntry appends an entry of a map from strings to messages.
func writeEntry(b *wire.Builder, num protowire.Number, key, value []byte) {
	b.Message(num, func() {
		b.Bytes(fieldnum.MapEntry_Key, key)
		b.Bytes(fieldnum.MapEntry_Value, value)
	})
}

// appendFields appends all fields num of message unchanged.
func appendFields(b *wire.Builder, message []byte, num protowire.Number) {
	for s := wire.Scan(message); s.Next(); {
		if s.Num == num {
			b.Window(s.Raw)
		}
	}
}

// copyField appends the fields num of a MetaGraphDef unchanged.
func copyField(b *wire.Builder, m *wire.MetaGraph, num protowire.Number) {
	for _, f := range m.Fields {
		if f.Is(num) {
			b.Field(f)
		}
	}
}
