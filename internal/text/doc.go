// Package text reads and writes protobuf's text format as TensorFlow does. It converts directly between wire bytes
// and text without decoding messages. Beyond input and output, its memory does not grow with the size of a message.
//
// WriteJSON and ParseJSON do the same for protobuf's JSON mapping.
//
// Write produces the same bytes as Python's google/protobuf/text_format.py in TensorFlow. Parse accepts everything
// that TensorFlow accepts. For every message without unknown fields, parsing the output of Write restores the
// message.
package text
