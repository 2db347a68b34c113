// Package tfpb is the schema: Go types of every message that a MetaGraphDef can hold, with the names, packages and
// file paths that TensorFlow uses.
//
// The .proto files are in this directory, at their paths in TensorFlow's source tree. `go generate ./internal/proto`
// generates the *.pb.go files from them, and package fieldnum with their field numbers. The generator is in gen, a
// separate module that keeps its dependencies out of metagraph. Once its modules are downloaded, it needs no network.
// `go run -C internal/proto/gen . -check` reports generated files that are out of date.
//
// Importing this package registers the messages in protoregistry.GlobalTypes. That registry decodes an Any in the
// any_list of a collection.
//
// Use these types for small messages: one VariableDef, one attr, one signature. Product code never decodes a whole
// graph with them; see package wire.
package tfpb

//go:generate go run -C gen .
