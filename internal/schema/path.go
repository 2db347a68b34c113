package schema

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

var (
	nodeDef     = (*tfpb.NodeDef)(nil).ProtoReflect().Descriptor()
	functionDef = (*tfpb.FunctionDef)(nil).ProtoReflect().Descriptor()
)

// fieldCounts counts the occurrences of each field of one message.
type fieldCounts map[protoreflect.FieldNumber]int

// locate sets the path to at, a window on data, and the enclosing node and function. The walk itself does not track the path: that
// would cost time for each of a million nodes, and damage is rare.
func (d *Damage) locate(data []byte, md protoreflect.MessageDescriptor, at []byte, counts fieldCounts) {
	target, ok := wire.Offset(data, at)
	if !ok {
		return
	}
	s := wire.Scan(data)
	for s.Next() {
		begin, _ := wire.Offset(data, s.Data)
		fd := md.Fields().ByNumber(s.Num)
		if target < begin || target > begin+len(s.Data) || target == begin+len(s.Data) && len(at) > 0 {
			counts[s.Num]++
			continue
		}
		if fd == nil || !s.Is(fd.Number()) {
			return
		}
		if !md.IsMapEntry() {
			d.step(fd, counts[s.Num], s.Data)
		}
		if fd.Kind() == protoreflect.MessageKind {
			d.enter(fd.Message(), s.Data)
			d.locate(s.Data, fd.Message(), at, make(fieldCounts))
		}
		return
	}
}

// step appends a field to the path. index is the position in a repeated field.
func (d *Damage) step(fd protoreflect.FieldDescriptor, index int, data []byte) {
	if d.Path != "" {
		d.Path += "."
	}
	d.Path += string(fd.Name())
	switch {
	case fd.IsMap() && fd.MapKey().Kind() == protoreflect.StringKind:
		d.Path += "[" + strconv.QuoteToASCII(string(wire.Last(data, fieldnum.MapEntry_Key))) + "]"
	case fd.IsMap():
		d.Path += fmt.Sprintf("[%d]", wire.LastUint(data, fieldnum.MapEntry_Key))
	case fd.IsList():
		d.Path += fmt.Sprintf("[%d]", index)
	}
}

// enter records the name of an enclosing node or function.
func (d *Damage) enter(md protoreflect.MessageDescriptor, data []byte) {
	switch md {
	case nodeDef:
		d.Node = string(wire.Last(data, fieldnum.NodeDef_Name))
	case functionDef:
		d.Function = wire.Function(data).Name()
	}
}
