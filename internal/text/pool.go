package text

import (
	_ "embed" // pool.binpb
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// poolSet is a FileDescriptorSet of all message types that importing TensorFlow loads (testdata/pool.py wrote it). They
// are what decides whether an Any is spelled out, so the schema in internal/proto will not do: it has types that
// TensorFlow lacks today (the session bundle's manifest) and lacks most that it has (ConfigProto).
//
//go:embed pool.binpb
var poolSet []byte

// Pool returns the message types of TensorFlow's descriptor pool, those of a Python program that has imported tensorflow.
// They are decoded when somebody first asks.
func Pool() *protoregistry.Files { return pool() }

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

// poolMessage returns the message type called name of TensorFlow's pool, nil where it has none.
func poolMessage(name protoreflect.FullName) protoreflect.MessageDescriptor {
	desc, err := pool().FindDescriptorByName(name)
	if err != nil {
		return nil
	}
	md, _ := desc.(protoreflect.MessageDescriptor)
	return md
}

// knownMessage returns the message type called name: TensorFlow's, else one that is compiled in, else nil.
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

// registered returns the message type called name that is compiled in.
func registered(name protoreflect.FullName) (protoreflect.MessageType, error) {
	return protoregistry.GlobalTypes.FindMessageByName(name)
}
