package problems

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// findDamage looks for string fields that are not UTF-8, which protobuf refuses to read. Nodes are looked at with all that
// is in them: what they read and where they are placed is found out to be wrong anyway, where it is no text.
func (f *problemFinder) findDamage() {
	t := textCheck{found: &f.found}
	meta := (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()
	for i := range f.m.Fields {
		if !f.m.Fields[i].Is(wire.GraphDef) {
			t.field(meta, f.m.Fields[i], "", 0)
		}
	}
	graph := (*tfpb.GraphDef)(nil).ProtoReflect().Descriptor()
	t.message(graph, f.g.Rest(), "graph_def", 0)
	for _, list := range [][]string{f.g.Ops(), f.g.Devices()} {
		for _, text := range list {
			if !utf8.ValidString(text) {
				f.found.add(damagedMessage, "", fixed("graph_def.node"), fixed(strconv.QuoteToASCII(text)+" is not UTF-8"))
			}
		}
	}
}

// texts looks at the strings in a field of a node.
func (f *problemFinder) texts(field wire.Field, p *nodePlace) {
	if plain(field.Data) {
		return
	}
	t := textCheck{found: &f.found}
	t.field((*tfpb.NodeDef)(nil).ProtoReflect().Descriptor(), field, "node "+shown(p.name), 0)
}

// textsIn looks at the strings in a message that stands in a node.
func (f *problemFinder) textsIn(d protoreflect.MessageDescriptor, message []byte, p *nodePlace) {
	t := textCheck{found: &f.found}
	t.message(d, message, "node "+shown(p.name), 0)
}

// A textCheck looks for strings that are not UTF-8.
type textCheck struct{ found *problemList }

// plain reports whether all bytes are ASCII.
func plain(b []byte) bool {
	for len(b) >= 8 {
		if (uint64(b[0])|uint64(b[1])|uint64(b[2])|uint64(b[3])|uint64(b[4])|uint64(b[5])|uint64(b[6])|uint64(b[7]))&0x80 != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// maxTextDepth is how deep messages are followed; protobuf itself stops at 100.
const maxTextDepth = 100

// message looks at the fields of a message of type d.
func (t *textCheck) message(d protoreflect.MessageDescriptor, message []byte, place string, depth int) {
	if depth > maxTextDepth {
		return
	}
	s := wire.Scan(message)
	for s.Next() {
		t.field(d, s.Field, place, depth)
	}
	if err := s.Err(); err != nil {
		t.found.add(damagedMessage, "", fixed(place), fixed("breaks off: "+err.Error()))
	}
}

// field looks at one field of a message of type d, which stands at place.
func (t *textCheck) field(d protoreflect.MessageDescriptor, field wire.Field, place string, depth int) {
	if field.Type != protowire.BytesType {
		return
	}
	known := d.Fields().ByNumber(field.Num)
	if known == nil {
		return
	}
	switch known.Kind() {
	case protoreflect.StringKind:
		if utf8.Valid(field.Data) {
			return
		}
		t.found.add(damagedMessage, "", func() string { return joined(place, known) }, func() string {
			return fmt.Sprintf("%s is not UTF-8", strconv.QuoteToASCII(string(field.Data[:min(len(field.Data), 80)])))
		})
	case protoreflect.MessageKind:
		next := place
		if depth == 0 {
			next = joined(place, known)
		}
		t.message(known.Message(), field.Data, next, depth+1)
	}
}

// joined names a field below a place.
func joined(place string, field protoreflect.FieldDescriptor) string {
	if place == "" {
		return string(field.Name())
	}
	return place + "." + string(field.Name())
}
