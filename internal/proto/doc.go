// Package tfpb is the schema: Go types of every message that a MetaGraphDef can hold, with
// TensorFlow's own message names, packages and file paths.
//
// The .proto files lie under this directory at the paths they have in TensorFlow's source tree. The
// *.pb.go files are generated from them by the program in gen, a module of its own so that none of
// its dependencies gets into metagraph; `go generate ./internal/proto` runs it, without network once
// its modules are there, and `go run -C internal/proto/gen . -check` reports generated files that are
// stale.
//
// Importing this package registers the messages in protoregistry.GlobalTypes, which is how an Any in
// a collection's any_list is decoded.
//
// These types are for small messages (one VariableDef, one attr, one signature). Product code never
// decodes a whole graph with them: package wire says why, and does it instead.
package tfpb

//go:generate go run -C gen .
