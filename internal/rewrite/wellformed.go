package rewrite

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	tfpb "github.com/metagraph/metagraph/internal/proto"
	"github.com/metagraph/metagraph/internal/wire"
)

// What a rewrite hands on unread may be damaged, and would be in the copy. TensorFlow does not read such a file, nor do all
// sections of show, so a rewrite refuses it: whatever it takes, and what it makes of that, metagraph reads again. Nodes are nearly
// all of a large file, so of them it looks at no more than it walks: not into attrs, and not whether names are UTF-8.

// deepest is how deep messages may lie in each other (the recursion limit of protobuf in C++ and Python).
const deepest = 100

// checkBeside finds damage in what lies beside the graph of a MetaGraphDef. The error is a *wire.SyntaxError.
func checkBeside(m *wire.MetaGraph) error {
	d := (*tfpb.MetaGraphDef)(nil).ProtoReflect().Descriptor()
	for _, f := range m.Fields {
		if f.Is(wire.GraphDef) {
			continue
		}
		if err := checkField(f, d, 0); err != nil {
			return err
		}
	}
	return nil
}

// checkBesideNodes finds damage in a field of a GraphDef other than its nodes, which whoever walks them looks at.
func checkBesideNodes(f wire.Field) error {
	return checkField(f, (*tfpb.GraphDef)(nil).ProtoReflect().Descriptor(), 0)
}

// checkField finds damage in a field of a message of type in: a string that is none, or anything in the message that it holds.
func checkField(f wire.Field, in protoreflect.MessageDescriptor, depth int) error {
	d := in.Fields().ByNumber(f.Num)
	switch {
	case d == nil || f.Type != protowire.BytesType || depth > deepest:
		return nil
	case d.Kind() == protoreflect.StringKind && d.ParentFile().Syntax() != protoreflect.Proto2 && !utf8.Valid(f.Data):
		return &wire.SyntaxError{At: f.Data, Reason: fmt.Sprintf("the string %s is no UTF-8", d.FullName())}
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
