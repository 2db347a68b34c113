package main

import (
	"cmp"
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/freeze"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
	"github.com/metagraph/metagraph/internal/rewrite/serve"
	"github.com/metagraph/metagraph/internal/rewrite/values"
	"github.com/metagraph/metagraph/internal/savedmodel"
	"github.com/metagraph/metagraph/internal/scope"
)

// flagHints are the hints that name flags. The packages below internal do not know flags; they return an error of the kind instead.
// FILE stands for the file that the error is about, TAG_SET for one of its tag-sets.
var flagHints = []struct {
	kind error
	hint string
}{
	{syscall.EMFILE, "raise the limit of open files: ulimit -n 64"},
	{metafile.ErrTerminal, "give a file to write to, or ask for text with --output-format text"},
	{metafile.ErrFormat, "omit --input-format; the format is detected from the content"},
	{metafile.ErrNoTagSets, "omit --tag-set; only a SavedModel has tag-sets"},
	{metafile.ErrTagSet, "choose one with --tag-set, for example --tag-set TAG_SET"},
	{metafile.ErrUnrecognizable, "the input does not look like a message from TensorFlow; write text instead, with --output-format text"},
	{metafile.ErrDebugInfo, "move it away, or omit --save-debug-info"},
	{metafile.ErrUnknownFieldsInText, "--allow-unknown writes them by number"},
	{metafile.ErrUnknownFieldsInJSON, "JSON cannot represent them; binary keeps them, and so does text with --allow-unknown"},
	{metafile.ErrOutside, "if it belongs to the model and may be published, allow its directory with --assets-from DIR"},
	{savedmodel.ErrNoAsset, "place it next to the graph, or name its directory with --assets-from DIR"},
	{rewrite.ErrNoOutputs, "name the outputs with --outputs; `metagraph show FILE io` lists likely ones"},
	{values.ErrNoCheckpoint, "name the checkpoint, or its directory, with --checkpoint"},
	{rewrite.ErrReadsSaver, "export without --clear-extraneous-savers"},
	{rewrite.ErrCollectionKinds, "drop it from one of the files with metagraph filter-collections, or choose the collections to import with --restore-collections"},
	{prune.ErrNoNode, "`metagraph show FILE io` lists likely inputs and outputs"},
	{serve.ErrUnfed, "make it an input with --inputs, or a constant with --set-value NAME=VALUE"},
	{serve.ErrPipeline, "replace its tensor with a placeholder: --inputs NAME=TENSOR; `metagraph show FILE io` lists likely inputs"},
	{freeze.ErrNotConstant, "cut the graph after it with --inputs, or choose other outputs"},
	{scope.ErrUnknownMessage, "add your own messages with --descriptor-set FILE"},
	{scope.ErrEmptyDescriptorSet, "create it with `protoc --include_imports --descriptor_set_out`"},
}

// hintOf returns the hint of an error, or "".
func hintOf(err error) string {
	for _, h := range flagHints {
		if errors.Is(err, h.kind) {
			return strings.NewReplacer("TAG_SET", exampleTagSet(err), "FILE", cmp.Or(fileOf(err), "FILE")).Replace(h.hint)
		}
	}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

// exampleTagSet returns the first of the tag-sets in an error, as an argument. It prefers one that is not empty.
func exampleTagSet(err error) string {
	if file, ok := errors.AsType[*metafile.Error](err); ok {
		for _, set := range file.TagSets {
			if set != "" {
				return set
			}
		}
	}
	return "''"
}

// fileOf returns the name of the file that an error refers to, or "". If the error of one file led to that of another, it returns the
// first cause.
func fileOf(err error) (name string) {
	var file *metafile.Error
	for errors.As(err, &file) {
		name, err = file.Name, file.Err
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		name = path.Path
	}
	return name
}
