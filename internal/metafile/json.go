package metafile

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/anypb"

	tfpb "github.com/metagraph/metagraph/internal/proto"
)

// message returns an empty message of the kind.
func (k Kind) message() proto.Message {
	switch k {
	case GraphDef:
		return new(tfpb.GraphDef)
	case SavedModel:
		return new(tfpb.SavedModel)
	}
	return new(tfpb.MetaGraphDef)
}

// toJSON returns a binary message in protobuf's JSON mapping, indented by two spaces and ended by a newline. It is the
// same for the same message, which protojson's own spacing is not.
//
// An Any whose type the schema does not have is written as {"@type": URL, "value": BASE64}: protobuf's mapping has no form
// for it, and nothing may be lost on the way to jq and back.
func toJSON(raw []byte, kind Kind) ([]byte, error) {
	message := kind.message()
	if err := proto.Unmarshal(raw, message); err != nil {
		return nil, plain(err)
	}
	if err := eachOpaque(message, func(any *anypb.Any) error {
		wrapped, err := wrapOpaque(any)
		any.Value = wrapped
		return err
	}); err != nil {
		return nil, err
	}
	out, err := protojson.MarshalOptions{Resolver: opaqueTypes{}}.Marshal(message)
	if err != nil {
		return nil, plain(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, out, "", "  "); err != nil {
		return nil, err
	}
	indented.WriteByte('\n')
	return indented.Bytes(), nil
}

// fromJSON returns the binary form of a message in protobuf's JSON mapping.
func fromJSON(raw []byte, kind Kind) ([]byte, error) {
	message := kind.message()
	if err := (protojson.UnmarshalOptions{Resolver: opaqueTypes{}}).Unmarshal(raw, message); err != nil {
		return nil, plain(err)
	}
	if err := eachOpaque(message, func(any *anypb.Any) error {
		opaque, err := opaqueTypes{}.FindMessageByURL(any.TypeUrl)
		if err != nil {
			return err
		}
		inner := opaque.New()
		if err := proto.Unmarshal(any.Value, inner.Interface()); err != nil {
			return err
		}
		any.Value = inner.Get(opaque.Descriptor().Fields().ByNumber(1)).Bytes()
		return nil
	}); err != nil {
		return nil, err
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(message)
}

// plain takes the prefix off an error of protobuf-go, in which the kind of space changes from build to build.
func plain(err error) error {
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	return errors.New(strings.TrimPrefix(text, "proto: "))
}

// eachOpaque calls use with every Any in message whose type the schema does not have.
func eachOpaque(message proto.Message, use func(*anypb.Any) error) error {
	return protorange.Range(message.ProtoReflect(), func(p protopath.Values) error {
		any, ok := p.Index(-1).Value.Interface().(protoreflect.Message)
		if !ok {
			return nil
		}
		if opaque, ok := any.Interface().(*anypb.Any); ok {
			if _, err := protoregistry.GlobalTypes.FindMessageByURL(opaque.TypeUrl); err != nil && opaque.TypeUrl != "" {
				if err := use(opaque); err != nil {
					return err
				}
			}
			return protorange.Break
		}
		return nil
	})
}

// wrapOpaque returns the payload of an opaque Any as the one field of a message.
func wrapOpaque(any *anypb.Any) ([]byte, error) {
	opaque, err := opaqueTypes{}.FindMessageByURL(any.TypeUrl)
	if err != nil {
		return nil, err
	}
	m := opaque.New()
	m.Set(opaque.Descriptor().Fields().ByNumber(1), protoreflect.ValueOfBytes(any.Value))
	return proto.Marshal(m.Interface())
}

// opaqueTypes finds message types for Any: those of the schema, and for each other name a message with the one field `value`.
type opaqueTypes struct{}

func (opaqueTypes) FindMessageByName(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if known, err := protoregistry.GlobalTypes.FindMessageByName(name); err == nil {
		return known, nil
	}
	if !name.IsValid() {
		return nil, errors.New("an Any has the type " + strconv.Quote(string(name)) + ", which is no message name")
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:    proto.String("opaque.proto"),
		Package: proto.String(string(name.Parent())),
		Syntax:  proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String(string(name.Name())),
			Field: []*descriptorpb.FieldDescriptorProto{{
				Name: proto.String("value"), Number: proto.Int32(1),
				Type:  descriptorpb.FieldDescriptorProto_TYPE_BYTES.Enum(),
				Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
			}},
		}},
	}, nil)
	if err != nil {
		return nil, err
	}
	return dynamicpb.NewMessageType(file.Messages().Get(0)), nil
}

func (o opaqueTypes) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	return o.FindMessageByName(protoreflect.FullName(url[strings.LastIndexByte(url, '/')+1:]))
}

func (opaqueTypes) FindExtensionByName(name protoreflect.FullName) (protoreflect.ExtensionType, error) {
	return protoregistry.GlobalTypes.FindExtensionByName(name)
}

func (opaqueTypes) FindExtensionByNumber(name protoreflect.FullName, num protoreflect.FieldNumber) (protoreflect.ExtensionType, error) {
	return protoregistry.GlobalTypes.FindExtensionByNumber(name, num)
}
