// Package text reads and writes protobuf's text format as TensorFlow does, straight between wire bytes and text: neither
// way is a message decoded, and memory does not grow with its size beyond input and output.
//
// Write gives, byte for byte, what Python's google/protobuf/text_format.py gives TensorFlow. Parse reads all that
// TensorFlow reads. For every message without unknown fields, Parse of what Write wrote is the same message.
//
// The files: table.go, what is known of a message type; write.go and field.go, messages in one piece; maps.go, any.go and
// unknown.go, what is special about those; rope.go, messages in several pieces; check.go, looking without writing;
// scalar.go, values; lex.go, literal.go, number.go, parse.go, reading; pool.go, the types an Any may hold.
package text
