package text

import (
	_ "embed" // pool.binpb
	"fmt"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// poolSet is a FileDescriptorSet of all message types that importing TensorFlow loads; testdata/pool.py wrote it.
// These types decide whether an Any is expanded. The schema in internal/proto cannot decide that: it has types that
// TensorFlow has dropped (the session bundle's manifest) and lacks most others (ConfigProto).
//
//go:embed pool.binpb
var poolSet []byte

// pool returns the message types in TensorFlow's descriptor pool, as seen by a Python program that has imported
// tensorflow. They are decoded on first use.
var pool = sync.OnceValue(func() *protoregistry.Files {
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(poolSet, &set); err != nil {
		panic(fmt.Sprintf("text: descriptor pool: %v", err)) // a file of this package
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		panic(fmt.Sprintf("text: descriptor pool: %v", err))
	}
	return files
})

// poolMessage returns the message type with the given name from TensorFlow's pool, or nil.
func poolMessage(name protoreflect.FullName) protoreflect.MessageDescriptor {
	desc, err := pool().FindDescriptorByName(name)
	if err != nil {
		return nil
	}
	md, _ := desc.(protoreflect.MessageDescriptor)
	return md
}

// knownMessage returns the message type with the given name: TensorFlow's, else one that is compiled in, else nil.
func knownMessage(name protoreflect.FullName) protoreflect.MessageDescriptor {
	if md := poolMessage(name); md != nil {
		return md
	}
	mt, err := registered(name)
	if err != nil {
		return nil
	}
	return mt.Descriptor()
}

// registered returns the message type of the schema with the given name. It finds no other type, even if it is compiled in:
// google.protobuf.Struct, for example, is unknown to TensorFlow, and its values could nest and fan out without limit.
func registered(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if !strings.HasPrefix(string(name), "tensorflow.") {
		return nil, protoregistry.NotFound
	}
	return protoregistry.GlobalTypes.FindMessageByName(name)
}
