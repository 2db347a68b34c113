package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/checkpoint"
	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/prune"
)

// convertFlags holds the flags of export that cut, freeze or convert a graph.
type convertFlags struct {
	inputs, outputs []string
	signature       string
	shapes, values  []string
	dropAttrs       []string
	freeze          bool
	checkpoint      string
	withCheckpoint  bool
	savedModel      bool
	assetsFrom      []string
	tags            []string
}

// register adds the flags to a command.
func (c *convertFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&c.outputs, "outputs", nil, "keep only what `[NAME=]TENSOR` or ^NODE needs (repeatable, comma-separated)")
	f.StringArrayVar(&c.inputs, "inputs", nil, "replace `[NAME=]TENSOR` with a placeholder (repeatable, comma-separated)")
	f.StringVar(&c.signature, "signature", "", "signature `KEY` for --inputs and --outputs (default "+rewrite.DefaultSignature+")")
	f.BoolVar(&c.freeze, "freeze", false, "turn variables into constants with values from the checkpoint")
	f.BoolVar(&c.savedModel, "saved-model", false, "write a SavedModel to the new directory OUT")
	f.StringArrayVar(&c.tags, "tags", nil, "`TAGS` for --saved-model, comma-separated (repeatable; default: those of IN, or serve)")
	f.StringArrayVar(&c.assetsFrom, "assets-from", nil, "also copy assets of --saved-model from `DIR` (repeatable)")
	f.BoolVar(&c.withCheckpoint, "with-checkpoint", false, "also write a checkpoint with the tensors that the saver restores")
	f.StringVar(&c.checkpoint, "checkpoint", "", "checkpoint `PREFIX` or its directory (default: the one next to IN)")
	f.StringArrayVar(&c.shapes, "set-shape", nil, "set the shape of a placeholder: `NAME=DIMS`, such as x=8,224,? (repeatable)")
	f.StringArrayVar(&c.values, "set-value", nil, "turn a placeholder into a constant: `NAME=VALUE`, such as dropout=0 (repeatable, comma-separated)")
	f.StringArrayVar(&c.dropAttrs, "drop-attr", nil, "remove the attr `NAME` from all nodes (repeatable, comma-separated)")
}

// parse adds the values of the flags to the options of an export.
func (c *convertFlags) parse(o *rewrite.ExportOptions) error {
	var err error
	if o.Inputs, err = endpoints("--inputs", c.inputs); err != nil {
		return err
	}
	if o.Outputs, err = endpoints("--outputs", c.outputs); err != nil {
		return err
	}
	if len(o.Inputs) > 0 && len(o.Outputs) == 0 {
		return usageErrorf("name the outputs to keep: --outputs TENSOR", "--inputs needs --outputs")
	}
	if len(o.Outputs) > 0 && o.Scope != "" {
		// The saver and the inputs of a cut graph may be outside the scope, so the order of the two matters.
		return usageErrorf("cut first: metagraph export --outputs TENSOR IN | metagraph export --export-scope "+o.Scope+" - OUT",
			"--outputs and --export-scope cannot be used together")
	}
	if c.signature != "" && len(o.Outputs) == 0 && !c.freeze {
		return usageErrorf("name the outputs of the new signature: --outputs TENSOR", "--signature needs --outputs or --freeze")
	}
	o.Signature, o.Freeze, o.SavedModel, o.WithCheckpoint = c.signature, c.freeze, c.savedModel, c.withCheckpoint
	if len(c.tags) > 0 {
		o.Tags = splitLists(c.tags)
	}
	if c.freeze && c.withCheckpoint {
		return usageErrorf("leave out --with-checkpoint", "--freeze and --with-checkpoint cannot be used together")
	}
	for _, spec := range c.shapes {
		shape, err := parseShape(spec)
		if err != nil {
			return err
		}
		o.Shapes = append(o.Shapes, shape)
	}
	for _, spec := range splitLists(c.values) {
		name, value, ok := strings.Cut(spec, "=")
		if !ok || name == "" {
			return usageErrorf("write NAME=VALUE, such as is_training=false", "--set-value %q: expected NAME=VALUE", spec)
		}
		o.Values = append(o.Values, rewrite.NewValue{Node: strings.TrimSuffix(name, ":0"), Text: value})
	}
	o.DropAttrs = splitLists(c.dropAttrs)
	return nil
}

// open opens the checkpoint that the conversion needs: that of --checkpoint, else the one next to in. It returns nil if the conversion
// needs none, or if there is none next to in.
func (c *convertFlags) open(in *metafile.File) (*checkpoint.Checkpoint, error) {
	needed := c.freeze || c.savedModel || c.withCheckpoint
	switch {
	case len(c.assetsFrom) > 0 && !c.savedModel:
		return nil, usageErrorf("leave it out, or add --saved-model", "--assets-from needs --saved-model")
	case c.checkpoint != "" && needed:
		return openCheckpoint(c.checkpoint)
	case c.checkpoint != "":
		return nil, usageErrorf("leave it out, or add one of them", "--checkpoint needs --freeze, --saved-model or --with-checkpoint")
	}
	prefix := in.CheckpointPrefix()
	if !needed || prefix == "" {
		return nil, nil
	}
	found, err := checkpoint.Open(prefix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := checkFiles(found); err != nil {
		_ = found.Close() // it was only read
		return nil, err
	}
	return found, nil
}

// checkFiles returns an error if a data file of a checkpoint is missing or too short.
func checkFiles(c *checkpoint.Checkpoint) error {
	damaged := c.CheckFiles()
	if len(damaged) == 0 {
		return nil
	}
	return &metafile.Error{Name: damaged[0].Path, Problem: damaged[0].What, Advice: "copy or download all files of the checkpoint again"}
}

// openCheckpoint opens the checkpoint that --checkpoint names: by prefix, by one of its files, or by its directory.
func openCheckpoint(path string) (*checkpoint.Checkpoint, error) {
	prefix, err := metafile.CheckpointPrefix(path)
	if err != nil {
		return nil, err
	}
	return checkpoint.Open(prefix)
}

// verifyKeys returns an error if the value of one of the keys is damaged. A damaged value must not be copied into a graph.
func verifyKeys(ctx context.Context, c *checkpoint.Checkpoint, keys map[string]bool) error {
	damaged, err := c.Verify(ctx, keys, nil)
	if err != nil || len(damaged) == 0 {
		return err
	}
	return &metafile.Error{Name: c.Name, Problem: fmt.Sprintf("the value of %q is damaged: %s", damaged[0].Name, damaged[0].What),
		Advice: "copy or download the checkpoint again, or use another step"}
}

// endpoints parses the values of --inputs or --outputs. Its errors begin with flag.
func endpoints(flag string, lists []string) ([]prune.Endpoint, error) {
	var out []prune.Endpoint
	for _, spec := range splitLists(lists) {
		e, err := prune.Parse(spec)
		if err != nil {
			return nil, usageErrorf(hintOf(err), "%s: %v", flag, err)
		}
		out = append(out, e)
	}
	return out, nil
}

// parseShape parses a value of --set-shape. Node names cannot contain `=`.
func parseShape(spec string) (rewrite.NewShape, error) {
	const hint = "write NAME=DIMS, such as x=8,224,224,? (? is a dimension of any size)"
	name, dims, ok := strings.Cut(spec, "=")
	if !ok || name == "" {
		return rewrite.NewShape{}, usageErrorf(hint, "--set-shape %q: expected NAME=DIMS", spec)
	}
	shape := rewrite.NewShape{Node: strings.TrimSuffix(name, ":0"), Dims: []int64{}}
	if dims == "" {
		return shape, nil
	}
	for _, dim := range strings.Split(strings.Trim(dims, "()[]"), ",") {
		switch dim = strings.TrimSpace(dim); dim {
		case "?", "-1", "None":
			shape.Dims = append(shape.Dims, -1)
		default:
			size, err := strconv.ParseInt(dim, 10, 64)
			if err != nil || size < 0 {
				return shape, usageErrorf(hint, "--set-shape %s: invalid dimension %q", name, dim)
			}
			shape.Dims = append(shape.Dims, size)
		}
	}
	return shape, nil
}
