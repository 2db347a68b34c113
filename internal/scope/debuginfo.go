package scope

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// DebugInfo appends a GraphDebugInfo with its names changed by the plan. It removes the traces of removed nodes and the
// frames that only those traces use.
//
// A key is `name@function`; the function is empty or missing for nodes of the graph (GraphDebugInfoBuilder in
// tensorflow/core/graph/graph_debug_info_builder.cc). Entries of functions stay unchanged.
func (p *Plan) DebugInfo(dst, info []byte) ([]byte, error) {
	cut := p.Strip != "" || p.Drops != nil
	traces, frames := make(map[uint64]bool), make(map[uint64]bool)
	if cut {
		if err := p.usedDebugIDs(info, traces, frames); err != nil {
			return dst, err
		}
	}
	s := wire.Scan(info)
	for s.Next() {
		switch {
		case s.Is(fieldnum.GraphDebugInfo_Traces) || s.Is(fieldnum.GraphDebugInfo_NameToTraceId):
			name, value := debugEntry(s.Data)
			node, function, _ := bytes.Cut(name, []byte("@"))
			if len(function) > 0 {
				break
			}
			if !p.Keeps(node) {
				continue
			}
			dst = protowire.AppendTag(dst, s.Num, protowire.BytesType)
			start := len(dst)
			dst = protowire.AppendTag(dst, fieldnum.MapEntry_Key, protowire.BytesType)
			inner := len(dst)
			dst = append(p.appendNode(dst, node), name[len(node):]...)
			dst = append(insertLength(dst, inner), value...)
			dst = insertLength(dst, start)
			continue
		case cut && s.Is(fieldnum.GraphDebugInfo_TracesById) && !traces[debugID(s.Data)],
			cut && s.Is(fieldnum.GraphDebugInfo_FramesById) && !frames[debugID(s.Data)]:
			continue
		}
		dst = append(dst, s.Raw...)
	}
	return dst, s.Err()
}

// usedDebugIDs adds the traces of kept nodes, and the frames in those traces, to the two sets.
func (p *Plan) usedDebugIDs(info []byte, traces, frames map[uint64]bool) error {
	use := func(trace []byte) {
		for t := wire.Scan(trace); t.Next(); {
			for id := range frameIDs(t.Field) {
				frames[id] = true
			}
		}
	}
	s := wire.Scan(info)
	for s.Next() {
		if !s.Is(fieldnum.GraphDebugInfo_Traces) && !s.Is(fieldnum.GraphDebugInfo_NameToTraceId) {
			continue
		}
		name, _ := debugEntry(s.Data)
		node, function, _ := bytes.Cut(name, []byte("@"))
		if len(function) == 0 && !p.Keeps(node) {
			continue
		}
		if s.Num == fieldnum.GraphDebugInfo_NameToTraceId {
			traces[fixed(s.Data, fieldnum.MapEntry_Value)] = true
		} else {
			trace, _ := wire.Merged(s.Data, fieldnum.MapEntry_Value)
			use(trace)
		}
	}
	if err := s.Err(); err != nil {
		return err
	}
	for s := wire.Scan(info); s.Next(); {
		if s.Is(fieldnum.GraphDebugInfo_TracesById) && traces[debugID(s.Data)] {
			trace, _ := wire.Merged(s.Data, fieldnum.MapEntry_Value)
			use(trace)
		}
	}
	return nil
}

// debugEntry splits a map entry with a string key into the key and the remaining fields.
func debugEntry(entry []byte) (key, rest []byte) {
	key = wire.Last(entry, fieldnum.MapEntry_Key)
	for s := wire.Scan(entry); s.Next(); {
		if !s.Is(fieldnum.MapEntry_Key) {
			rest = append(rest, s.Raw...)
		}
	}
	return key, rest
}

// debugID returns the fixed64 key of a map entry.
func debugID(entry []byte) uint64 { return fixed(entry, fieldnum.MapEntry_Key) }

// fixed returns the last fixed64 field num of a message, or 0 if it has none.
func fixed(message []byte, num protowire.Number) uint64 {
	var last uint64
	for s := wire.Scan(message); s.Next(); {
		if s.Num == num && s.Type == protowire.Fixed64Type {
			last, _ = protowire.ConsumeFixed64(s.Data)
		}
	}
	return last
}

// frameIDs yields the frame ids in a field of a StackTrace, packed or not.
func frameIDs(f wire.Field) func(yield func(uint64) bool) {
	return func(yield func(uint64) bool) {
		if f.Num != fieldnum.GraphDebugInfo_StackTrace_FrameId || f.Type != protowire.BytesType && f.Type != protowire.Fixed64Type {
			return
		}
		for rest := f.Data; len(rest) >= 8; rest = rest[8:] {
			id, _ := protowire.ConsumeFixed64(rest)
			if !yield(id) {
				return
			}
		}
	}
}

// FollowDebugInfo appends the fields of the GraphDebugInfo in, renumbered to follow those of base. The numbers of its
// files, traces and frames continue where those of base end.
func FollowDebugInfo(dst, base, in []byte) ([]byte, error) {
	var shift debugShift
	s := wire.Scan(base)
	for s.Next() {
		switch {
		case s.Is(fieldnum.GraphDebugInfo_Files):
			shift.file++
		case s.Is(fieldnum.GraphDebugInfo_FramesById):
			shift.frame = max(shift.frame, debugID(s.Data)+1)
		case s.Is(fieldnum.GraphDebugInfo_TracesById):
			shift.trace = max(shift.trace, debugID(s.Data)+1)
		}
	}
	if err := s.Err(); err != nil {
		return dst, err
	}
	s = wire.Scan(in)
	for s.Next() {
		if s.Type != protowire.BytesType || s.Num == fieldnum.GraphDebugInfo_Files {
			dst = append(dst, s.Raw...)
			continue
		}
		entry := wire.Scan(s.Data)
		dst = protowire.AppendTag(dst, s.Num, protowire.BytesType)
		start := len(dst)
		for entry.Next() {
			dst = shift.entry(dst, s.Num, entry.Field)
		}
		if err := entry.Err(); err != nil {
			return dst, err
		}
		dst = shift.unset(dst, s.Field)
		dst = insertLength(dst, start)
	}
	return dst, s.Err()
}

// A debugShift holds how much the numbers in a GraphDebugInfo increase.
type debugShift struct{ file, frame, trace uint64 }

// entry appends field f of a map entry. The entry is in the field num of GraphDebugInfo.
func (d debugShift) entry(dst []byte, num protowire.Number, f wire.Field) []byte {
	number := func(by uint64) []byte {
		v, _ := protowire.ConsumeFixed64(f.Data)
		return protowire.AppendFixed64(protowire.AppendTag(dst, f.Num, protowire.Fixed64Type), v+by)
	}
	switch {
	case num == fieldnum.GraphDebugInfo_FramesById && f.Num == fieldnum.MapEntry_Key && f.Type == protowire.Fixed64Type:
		return number(d.frame)
	case num == fieldnum.GraphDebugInfo_TracesById && f.Num == fieldnum.MapEntry_Key && f.Type == protowire.Fixed64Type,
		num == fieldnum.GraphDebugInfo_NameToTraceId && f.Num == fieldnum.MapEntry_Value && f.Type == protowire.Fixed64Type:
		return number(d.trace)
	case num == fieldnum.GraphDebugInfo_FramesById && f.Is(fieldnum.MapEntry_Value):
		return d.frameMessage(dst, f)
	case (num == fieldnum.GraphDebugInfo_Traces || num == fieldnum.GraphDebugInfo_TracesById) && f.Is(fieldnum.MapEntry_Value):
		return message(dst, f, d.traceFields)
	}
	return append(dst, f.Raw...)
}

// traceFields appends a field of a StackTrace.
func (d debugShift) traceFields(dst []byte, f wire.Field) []byte {
	if f.Is(fieldnum.GraphDebugInfo_StackTrace_FileLineCols) {
		return d.frameMessage(dst, f)
	}
	if f.Num != fieldnum.GraphDebugInfo_StackTrace_FrameId {
		return append(dst, f.Raw...)
	}
	dst = protowire.AppendTag(dst, f.Num, protowire.BytesType)
	start := len(dst)
	for id := range frameIDs(f) {
		dst = protowire.AppendFixed64(dst, id+d.frame)
	}
	return insertLength(dst, start)
}

// unset appends the number that map entry f omits because it is 0, if the shift changes it.
func (d debugShift) unset(dst []byte, f wire.Field) []byte {
	by := map[protowire.Number]uint64{
		fieldnum.GraphDebugInfo_FramesById:    d.frame,
		fieldnum.GraphDebugInfo_TracesById:    d.trace,
		fieldnum.GraphDebugInfo_NameToTraceId: d.trace,
	}[f.Num]
	num := fieldnum.MapEntry_Key
	if f.Num == fieldnum.GraphDebugInfo_NameToTraceId {
		num = fieldnum.MapEntry_Value
	}
	if by == 0 || has(f.Data, num) {
		return dst
	}
	return protowire.AppendFixed64(protowire.AppendTag(dst, num, protowire.Fixed64Type), by)
}

// has reports whether a message has the field num.
func has(message []byte, num protowire.Number) bool {
	for s := wire.Scan(message); s.Next(); {
		if s.Num == num {
			return true
		}
	}
	return false
}

// frameMessage appends field f, a FileLineCol. A FileLineCol without file_index refers to the first file.
func (d debugShift) frameMessage(dst []byte, f wire.Field) []byte {
	if d.file == 0 || has(f.Data, fieldnum.GraphDebugInfo_FileLineCol_FileIndex) {
		return message(dst, f, d.frameFields)
	}
	dst = protowire.AppendTag(dst, f.Num, protowire.BytesType)
	start := len(dst)
	dst = protowire.AppendVarint(protowire.AppendTag(dst, fieldnum.GraphDebugInfo_FileLineCol_FileIndex, protowire.VarintType), d.file)
	return insertLength(append(dst, f.Data...), start)
}

// frameFields appends a field of a FileLineCol.
func (d debugShift) frameFields(dst []byte, f wire.Field) []byte {
	if f.Num == fieldnum.GraphDebugInfo_FileLineCol_FileIndex && f.Type == protowire.VarintType {
		return protowire.AppendVarint(protowire.AppendTag(dst, f.Num, f.Type), f.Uint()+d.file)
	}
	return append(dst, f.Raw...)
}

// message appends the message field f. It appends each field in f with change.
func message(dst []byte, f wire.Field, change func([]byte, wire.Field) []byte) []byte {
	dst = protowire.AppendTag(dst, f.Num, protowire.BytesType)
	start := len(dst)
	for s := wire.Scan(f.Data); s.Next(); {
		dst = change(dst, s.Field)
	}
	return insertLength(dst, start)
}
