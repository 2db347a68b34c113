package scope

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// FindMessageByURL returns the message type that a google.protobuf.Any names ("type.googleapis.com/tensorflow.AssetFileDef"):
// one of TensorFlow's or of the descriptor sets.
func (r *Registry) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	return r.message(protoreflect.FullName(url[strings.LastIndexByte(url, '/')+1:]))
}
