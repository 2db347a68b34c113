package main

import (
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/wire"
)

// A diffInput is one of the two inputs of diff. Without a file it is empty: git passes such a path for a file that was added or
// removed.
type diffInput struct{ file *metafile.File }

// nothing is the path that git passes for a file that does not exist, on systems without such a device too.
const nothing = "/dev/null"

// open opens input n. A single tag-set is for each input that is a SavedModel; of two, each is for its own input.
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
		_ = file.Close() // it has other tags than those asked for, which err says
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

// kindNote says what is not compared if one input is a bare GraphDef.
func kindNote(a, b diffInput) string {
	if a.bare() == b.bare() || a.file == nil || b.file == nil {
		return ""
	}
	bare := a.file
	if b.bare() {
		bare = b.file
	}
	return bare.Name + " is a GraphDef: only the graph is compared, not collections, saver, signatures, assets and op list"
}
