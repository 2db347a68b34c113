// Package schema checks the bytes of a message against the schema in the same way as protobuf's C++ parser, which TensorFlow uses.
// Commands decode only the parts of a file that they need, so this check is what finds damage in the rest.
//
// Check returns each place that protobuf rejects, with its path. It decodes nothing, and checks the parts of a graph in parallel.
package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/parallel"
	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// A Damage is one place that protobuf rejects.
type Damage struct {
	at       []byte // the bytes from that place to the end of the innermost message; wire.Offset turns them into a position
	Path     string // the damaged field or message, like graph_def.node[3].attr["T"]; empty for the outermost message
	Node     string // the name of the enclosing NodeDef, if any
	Function string // the name of the enclosing FunctionDef, if any
	Reason   string // the reason, like "not valid UTF-8"
}

// maxDepth is the maximum nesting of messages and groups: the recursion limit of protobuf's parsers.
const maxDepth = 100

// Limits of protobuf's C++ parser for the bytes of a varint.
const (
	longestTag    = 5
	longestLength = 5
	longestVarint = 10
)

// check returns up to limit places in a message of type md that protobuf rejects, in file order. If it returns nil, TensorFlow can
// parse the message.
func check(data []byte, md protoreflect.MessageDescriptor, limit int) []Damage {
	w := walk{limit: limit}
	w.message(data, tableOf(md), 0)
	return w.described(data, md, nil)
}

// CheckMetaGraph is Check for a MetaGraphDef whose top level is already parsed.
func CheckMetaGraph(m *wire.MetaGraph, limit int) []Damage {
	md := (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()
	w := walk{limit: limit}
	var all []Damage
	counts := make(fieldCounts)
	for i := range m.Fields {
		f := &m.Fields[i]
		if f.Raw != nil {
			w.message(f.Raw, tableOf(md), 0)
			all = append(all, w.described(f.Raw, md, counts)...)
		} else { // the file has only a GraphDef
			graph := (*tfpb.GraphDef)(nil).ProtoReflect().Descriptor()
			w.graph(f.Data, tableOf(graph), 0)
			all = append(all, w.described(f.Data, graph, nil)...)
		}
		w.limit -= len(w.found)
		w.found = w.found[:0]
		counts[f.Num]++
	}
	return all
}

// A walk collects damage.
type walk struct {
	limit int
	found []found
	cut   bool // a part of a graph ends with damage after which the check cannot continue
}

// A found is a Damage whose path is not known yet.
type found struct {
	at     []byte
	reason string
}

func (w *walk) add(at []byte, reason string) {
	if len(w.found) < w.limit {
		w.found = append(w.found, found{at, reason})
	}
}

// graph is message for a GraphDef. It checks the parts of the graph in parallel.
func (w *walk) graph(graph wire.Graph, t *table, depth int) {
	done := errors.New("found all damage")
	_ = parallel.Ordered(graph.Parts, func(p wire.Part) (*walk, error) {
		part := &walk{limit: w.limit}
		part.cut = !part.message(p.Fields, t, depth)
		return part, nil
	}, func(part *walk) error {
		for _, f := range part.found {
			w.add(f.at, f.reason)
		}
		if part.cut || len(w.found) >= w.limit {
			return done
		}
		return nil
	})
}

// message checks the fields of one message. It stops at the first damage after which it cannot continue, and reports false then.
func (w *walk) message(data []byte, t *table, depth int) bool {
	for at := 0; at < len(data); {
		tag, n := uint32(data[at]), 1
		if tag >= 0x80 {
			var reason string
			if tag, n, reason = readTag(data[at:]); reason != "" {
				w.add(data[at:], reason)
				return false
			}
		}
		if tag < 8 {
			w.add(data[at:], "field number 0")
			return false
		}
		body := at + n
		if protowire.Type(tag&7) != protowire.BytesType {
			size, reason := skipValue(data[body:], tag, depth)
			if reason != "" {
				w.add(data[at:], reason)
				return false
			}
			at = body + size
			continue
		}
		size, n, reason := readLength(data[body:])
		if reason != "" {
			w.add(data[at:], reason)
			return false
		}
		body += n
		end := body + size
		var (
			act    action
			nested *table
		)
		if tag < uint32(len(t.actions)) {
			act, nested = t.actions[tag], t.nested[tag]
		} else {
			act, nested = t.at(tag)
		}
		switch act {
		case skip:
		case text:
			if !isUTF8(data[body:end]) {
				w.add(data[body:end], notUTF8(data[body:end]))
			}
		case message:
			if depth >= maxDepth {
				w.add(data[at:], fmt.Sprintf("messages nested more than %d deep", maxDepth))
				return false
			}
			if nested.graph {
				w.graph(data[body:end], nested, depth+1)
			} else {
				w.message(data[body:end], nested, depth+1)
			}
		default:
			w.packed(data[body:end], act)
		}
		if len(w.found) >= w.limit {
			return false
		}
		at = end
	}
	return true
}

// packed checks the values of a packed field.
func (w *walk) packed(data []byte, act action) {
	switch act {
	case packedFixed32:
		if len(data)%4 != 0 {
			w.add(data[len(data)-len(data)%4:], "packed values are cut off")
		}
	case packedFixed64:
		if len(data)%8 != 0 {
			w.add(data[len(data)-len(data)%8:], "packed values are cut off")
		}
	case packedVarint:
		for at := 0; at < len(data); {
			if data[at] < 0x80 {
				at++
				continue
			}
			n := varintSize(data[at:])
			if n <= 0 {
				w.add(data[at:], varintReason(n, "a packed value"))
				return
			}
			at += n
		}
	}
}

// isUTF8 is like utf8.Valid, but faster for the short names of a graph.
func isUTF8(data []byte) bool { return isASCII(data) || utf8.Valid(data) }

func isASCII(data []byte) bool {
	var all uint64 // the bits that any byte has
	if last := len(data) - 8; last >= 0 {
		for at := 0; at < last; at += 8 {
			all |= binary.LittleEndian.Uint64(data[at:])
		}
		all |= binary.LittleEndian.Uint64(data[last:])
	} else {
		for _, c := range data {
			all |= uint64(c)
		}
	}
	return all&0x8080808080808080 == 0
}

// readTag reads a tag. The reason is empty if protobuf accepts it.
func readTag(data []byte) (tag uint32, n int, reason string) {
	n = varintSize(data)
	if n <= 0 {
		return 0, n, varintReason(n, "a field's tag")
	}
	value, _ := protowire.ConsumeVarint(data)
	if n > longestTag || value > 1<<32-1 {
		return 0, n, fmt.Sprintf("a field's tag has %d bytes or more than 32 bits", n)
	}
	return uint32(value), n, ""
}

// readLength reads the length of a field, and checks that as many bytes follow. The reason is empty if protobuf accepts it.
func readLength(data []byte) (size, n int, reason string) {
	if len(data) > 0 && data[0] < 0x80 {
		size, n = int(data[0]), 1
	} else {
		n = varintSize(data)
		if n <= 0 {
			return 0, n, varintReason(n, "a field's length")
		}
		value, _ := protowire.ConsumeVarint(data)
		if n > longestLength || value > 1<<31-1 {
			return 0, n, fmt.Sprintf("a field's length has %d bytes or more than 31 bits", n)
		}
		size = int(value)
	}
	if size > len(data)-n {
		return 0, n, fmt.Sprintf("a field has a length of %d bytes, but %d bytes follow", size, len(data)-n)
	}
	return size, n, ""
}

// skipValue returns the size of a value that is not length-delimited. The reason is empty if protobuf accepts it.
func skipValue(data []byte, tag uint32, depth int) (size int, reason string) {
	switch protowire.Type(tag & 7) {
	case protowire.VarintType:
		if len(data) > 0 && data[0] < 0x80 {
			return 1, ""
		}
		if size = varintSize(data); size <= 0 {
			return 0, varintReason(size, "a value")
		}
		return size, ""
	case protowire.Fixed32Type:
		size = 4
	case protowire.Fixed64Type:
		size = 8
	case protowire.StartGroupType:
		return skipGroup(data, tag, depth)
	case protowire.EndGroupType:
		return 0, "a group end without a group start"
	default:
		return 0, fmt.Sprintf("invalid wire type %d", tag&7)
	}
	if size > len(data) {
		return 0, "a value is cut off"
	}
	return size, ""
}

// skipGroup returns the size of a group, including its end tag. Its fields are unknown.
func skipGroup(data []byte, tag uint32, depth int) (size int, reason string) {
	open := []uint32{tag}
	at := 0
	for len(open) > 0 {
		if depth+len(open) > maxDepth {
			return 0, fmt.Sprintf("groups nested more than %d deep", maxDepth)
		}
		if at == len(data) {
			return 0, "a group is not closed"
		}
		inner, n, reason := readTag(data[at:])
		if reason != "" {
			return 0, reason
		}
		if inner < 8 {
			return 0, "field number 0"
		}
		at += n
		switch protowire.Type(inner & 7) {
		case protowire.StartGroupType:
			open = append(open, inner)
		case protowire.EndGroupType:
			if inner>>3 != open[len(open)-1]>>3 {
				return 0, "a group ends with a different field number"
			}
			open = open[:len(open)-1]
		case protowire.BytesType:
			length, n, reason := readLength(data[at:])
			if reason != "" {
				return 0, reason
			}
			at += n + length
		default:
			n, reason := skipValue(data[at:], inner, depth)
			if reason != "" {
				return 0, reason
			}
			at += n
		}
	}
	return at, ""
}

// varintSize returns the size of the varint at the start of data: 0 if it is cut off, -1 if it is too long. Like protobuf, it
// ignores bits beyond the 64th.
func varintSize(data []byte) int {
	for i, c := range data {
		if i == longestVarint {
			return -1
		}
		if c < 0x80 {
			return i + 1
		}
	}
	if len(data) >= longestVarint {
		return -1
	}
	return 0
}

// varintReason returns the reason for a varint for which varintSize returned size.
func varintReason(size int, what string) string {
	if size < 0 {
		return fmt.Sprintf("%s has more than %d bytes", what, longestVarint)
	}
	return what + " is cut off"
}

// described adds the paths to the damage in fields of a message of type md. counts has the number of preceding fields.
func (w *walk) described(data []byte, md protoreflect.MessageDescriptor, counts fieldCounts) []Damage {
	if len(w.found) == 0 {
		return nil
	}
	all := make([]Damage, len(w.found))
	for i, f := range w.found {
		all[i] = Damage{at: f.at, Reason: f.reason}
		before := make(fieldCounts)
		maps.Copy(before, counts)
		all[i].locate(data, md, f.at, before)
	}
	return all
}
