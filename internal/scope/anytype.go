package scope

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// typeOf returns the full name of the message type at the end of an Any's type URL.
func typeOf(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

// FindMessageByURL returns the message type that the type URL of a google.protobuf.Any names, for example
// "type.googleapis.com/tensorflow.AssetFileDef". It searches TensorFlow's messages and the registered descriptor sets.
func (r *Registry) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	return r.message(protoreflect.FullName(typeOf(url)))
}
