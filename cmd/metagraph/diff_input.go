package main

import (
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/wire"
)

// A diffInput is one of the two inputs of diff. Its file is nil for an empty input, which git passes for an added or removed file.
type diffInput struct{ file *metafile.File }

// nothing is the path that git passes for a file that does not exist. Git also passes it on systems that have no such device.
const nothing = "/dev/null"

// open opens input n, 0 for A and 1 for B. A single --tag-set applies to every input that is a SavedModel. With two, the first applies
// to A and the second to B.
func (o *diffOptions) open(env *environment, path string, n int) (diffInput, error) {
	if path == nothing {
		return diffInput{}, nil
	}
	if len(o.in.tagSets) > 1 {
		in := inputFlags{format: o.in.format, tagSets: o.in.tagSets[n : n+1]}
		file, err := in.openOne(env, path, in.tagSet() == "")
		return diffInput{file}, err
	}
	file, err := o.in.open(env, path)
	if err == nil || o.in.tagSet() == "" || stdinArgument(path) {
		return diffInput{file}, err
	}
	if file, again := (&inputFlags{format: o.in.format}).open(env, path); again == nil {
		if file.Kind != metafile.SavedModel {
			return diffInput{file}, nil
		}
		_ = file.Close() // err says that it does not have the requested tags
	}
	return diffInput{}, err
}

func (in diffInput) close() {
	if in.file != nil {
		_ = in.file.Close() // read only
	}
}

func (in diffInput) changed() error {
	if in.file == nil {
		return nil
	}
	return in.file.Changed()
}

func (in diffInput) meta() *wire.MetaGraph {
	if in.file == nil {
		return new(wire.MetaGraph)
	}
	return in.file.Meta
}

// bare reports whether the input is a bare GraphDef.
func (in diffInput) bare() bool { return in.file != nil && in.file.Kind == metafile.GraphDef }

// name returns the name and the type of the input.
func (in diffInput) name() (name, kind string) {
	if in.file == nil {
		return nothing, ""
	}
	return in.file.Name, in.file.Kind.String()
}

// kindNote returns a note on the parts that are not compared, or "" if both or none of the inputs are bare GraphDefs.
func kindNote(a, b diffInput) string {
	if a.bare() == b.bare() || a.file == nil || b.file == nil {
		return ""
	}
	bare := a.file
	if b.bare() {
		bare = b.file
	}
	return bare.Name + " is a GraphDef, so only the graphs are compared, not collections, savers, signatures, assets and op lists"
}
