package rewrite

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// A rewrite rejects a damaged file even if the damage is in a part that it copies unread. TensorFlow and some sections of
// show cannot read such a file, and metagraph must be able to read everything that it writes. Nodes make up most of a large
// file, so only their structure is checked: neither the content of attrs nor the encoding of names.

// maxDepth is the maximum nesting depth of messages (the recursion limit of protobuf in C++ and Python).
const maxDepth = 100

// checkBeside checks everything outside the graph of a MetaGraphDef for damage. The error is a *wire.SyntaxError.
func checkBeside(m *wire.MetaGraph) error {
	d := (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()
	for _, f := range m.Fields {
		if f.Is(fieldnum.MetaGraphDef_GraphDef) {
			continue
		}
		if err := checkField(f, d, 0); err != nil {
			return err
		}
	}
	return nil
}

// checkBesideNodes checks a field of a GraphDef for damage. It does not look into nodes, which every walk parses anyway.
func checkBesideNodes(f wire.Field) error {
	return checkField(f, (*tfpb.GraphDef)(nil).ProtoReflect().Descriptor(), 0)
}

// checkField checks a field of a message of type in for damage: a string that is not UTF-8, or damage in a nested
// message.
func checkField(f wire.Field, in protoreflect.MessageDescriptor, depth int) error {
	d := in.Fields().ByNumber(f.Num)
	switch {
	case d == nil || f.Type != protowire.BytesType || depth > maxDepth:
		return nil
	case d.Kind() == protoreflect.StringKind && d.ParentFile().Syntax() != protoreflect.Proto2 && !utf8.Valid(f.Data):
		return &wire.SyntaxError{At: f.Data, Reason: fmt.Sprintf("the string %s is not valid UTF-8", d.FullName())}
	case d.Message() == nil:
		return nil
	}
	node := d.Message().FullName() == "tensorflow.NodeDef"
	s := wire.Scan(f.Data)
	for s.Next() {
		if node {
			continue
		}
		if err := checkField(s.Field, d.Message(), depth+1); err != nil {
			return err
		}
	}
	return s.Err()
}
