package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/rewrite/draft"
	"github.com/metagraph/metagraph/internal/wire"
)

// importOptions holds the flags of import.
type importOptions struct {
	in          inputFlags
	out         outputFlags
	registry    registryFlags
	imports     rewrite.ImportOptions
	into        string
	inputMap    []string
	collections []string
	checkpoints bool
}

func newImportCommand(env *environment) *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import [IN [OUT]] [--into BASE]",
		Short: "Import a graph into a scope or into another graph",
		Long: `import adds the graph of IN to the graph of BASE, as tf.train.import_meta_graph does in memory. Without --into, it only
adds a scope to every name.

--import-scope adds a scope to every name of IN. If BASE has a node of the same name, the scope becomes SCOPE_1, SCOPE_2, ...,
the first one without a conflict. Without --import-scope, a node whose name is taken becomes NAME_1.

--input-map SRC=DST replaces the tensor SRC of IN with the tensor DST of BASE. SRC and DST are both NAME or NAME:K, or
both ^NAME for control inputs. Dtypes and shapes must be compatible, as in TensorFlow. All unbound inputs of an exported
scope must be mapped.

Variables, tables and queues with the same shared_name share their state. --unique-shared-names keeps those of IN separate from
those of BASE.`,
		Example: `  metagraph import --import-scope model in.meta out.meta
  metagraph import infer.meta train.meta --into input_pipeline.meta --import-scope model --input-map images:0=batch:0
  metagraph import tower.meta out.meta --into out.meta --import-scope tower_3
  metagraph import part.meta out.meta --into infer.meta --input-map '$unbound_inputs_images=images:0'`,
		Args: inputAndOutput,
		RunE: func(cmd *cobra.Command, args []string) error { return runImport(cmd, env, &o, args) },
	}
	o.in.register(cmd)
	o.out.register(cmd)
	o.registry.register(cmd)
	f := cmd.Flags()
	f.StringVar(&o.into, "into", "", "import into the graph of the file `BASE`")
	f.StringVar(&o.imports.Scope, "import-scope", "", "add `SCOPE` to every name")
	f.StringArrayVar(&o.inputMap, "input-map", nil, "replace tensor SRC of IN with DST of BASE: `SRC=DST` (repeatable)")
	f.BoolVar(&o.imports.ClearDevices, "clear-devices", false, "clear the device of every imported node")
	f.BoolVar(&o.imports.UniqueShared, "unique-shared-names", false, "rename each shared_name of IN that BASE also uses")
	f.StringVar(&o.imports.UnboundInputs, "unbound-inputs-col-name", "unbound_inputs", "collection `KEY` of the inputs that must be mapped (empty: none)")
	f.StringArrayVar(&o.collections, "restore-collections", nil, "import only collections matching `GLOB` (repeatable, comma-separated)")
	f.StringArrayVar(&o.imports.ReturnElements, "return-elements", nil, "print the new name of the node or tensor `NAME` (repeatable)")
	f.BoolVar(&o.checkpoints, "with-checkpoint", false, "also write one checkpoint and one saver for both graphs")
	return cmd
}

func runImport(cmd *cobra.Command, env *environment, o *importOptions, args []string) error {
	if err := o.parse(args); err != nil {
		return err
	}
	inputs, err := o.open(env, argument(args, 0))
	defer closeAll(inputs)
	if err != nil {
		return err
	}
	in, base := inputs[0], o.base(inputs)
	if o.checkpoints {
		return o.compose(cmd.Context(), env, argument(args, 1), inputs, base)
	}
	message, report, err := rewrite.Import(in.Meta, base, o.imports)
	if err != nil {
		return importError(err, inputs)
	}
	out := argument(args, 1)
	if err := o.write(cmd.Context(), env, out, message, report, inputs); err != nil {
		return err
	}
	return o.printElements(env, out, report)
}

// importError adds to an error of Import the name of the file at fault: the damaged one, BASE if BASE lacks something, or else IN.
func importError(err error, inputs []*metafile.File) error {
	conflicts, ok := errors.AsType[draft.Conflicts](err)
	if !ok {
		return cmp.Or(metafile.FileOf(err, inputs...), inputs[0]).Annotate(err)
	}
	var files fileErrors
	for _, conflict := range conflicts {
		at := inputs[0]
		if conflict.InBase {
			at = inputs[1]
		}
		files = append(files, at.Annotate(draft.Conflicts{conflict}))
	}
	return files
}

// open opens IN and, with --into, BASE. If there is an error, it returns the files that it has opened.
func (o *importOptions) open(env *environment, path string) ([]*metafile.File, error) {
	in, err := o.in.openOne(env, path, o.into != "")
	if err != nil {
		return nil, err
	}
	if o.into == "" {
		return []*metafile.File{in}, nil
	}
	into, err := o.in.openOne(env, o.into, true)
	if err != nil {
		return []*metafile.File{in}, err
	}
	if o.in.tagSet() != "" && in.Kind != metafile.SavedModel && into.Kind != metafile.SavedModel {
		err = usageErrorf("leave out --tag-set", "--tag-set %q: neither input is a SavedModel", o.in.tagSet())
	}
	return []*metafile.File{in, into}, err
}

// base returns the graph of BASE, or nil without --into.
func (o *importOptions) base(inputs []*metafile.File) *wire.MetaGraph {
	if o.into == "" {
		return nil
	}
	return inputs[1].Meta
}

// write writes the graph. OUT has the file type of BASE, or of IN if there is no BASE, unless its name sets another.
func (o *importOptions) write(ctx context.Context, env *environment, out string, message *wire.Rope, report *rewrite.ImportReport, inputs []*metafile.File) error {
	p, err := placeOf(out, inputs[len(inputs)-1], inputs...)
	if err != nil {
		return err
	}
	r := result{reports: reportOf(render.Import{ImportReport: report, Checkpoints: []string{}, DryRun: o.out.dryRun}), place: p}
	if report.Unsaved > 0 && p.kind != metafile.GraphDef {
		r.addHint("--with-checkpoint writes one saver and one checkpoint for both graphs")
	}
	if r.message, err = p.message(message); err != nil {
		return p.owner.Annotate(err)
	}
	return o.out.write(ctx, env, r, inputs...)
}

// printElements prints the new names of --return-elements, unless the graph was written to stdout.
func (o *importOptions) printElements(env *environment, out string, report *rewrite.ImportReport) error {
	if metafile.IsStdout(out) {
		return nil
	}
	for _, element := range report.Returned {
		if _, err := fmt.Fprintln(env.stdout, element.To); err != nil {
			return err
		}
	}
	return nil
}

// parse converts the flags to options. It rejects contradictory flags before any file is opened.
func (o *importOptions) parse(args []string) (err error) {
	if o.into == "-" && stdinArgument(argument(args, 0)) {
		return usageErrorf("use a file for one of them", "IN and BASE cannot both be standard input")
	}
	if o.imports.Registry, err = o.registry.load(); err != nil {
		return err
	}
	for _, text := range o.inputMap {
		source, target, ok := strings.Cut(text, "=")
		if !ok || source == "" || target == "" {
			hint := "for example --input-map images:0=images:0"
			if ok && source == "" {
				hint = "quote $unbound_inputs_NAME with single quotes, or the shell expands it"
			}
			return usageErrorf(hint, "--input-map %q: expected SRC=DST", text)
		}
		o.imports.InputMap = append(o.imports.InputMap, rewrite.InputMapping{Source: source, Target: target})
	}
	if o.imports.UniqueShared && o.into == "" {
		return usageErrorf("name the graph to merge with: --into BASE", "--unique-shared-names needs --into")
	}
	if len(o.inputMap) > 0 && o.into == "" {
		return usageErrorf("name the graph that has DST with --into BASE", "--input-map needs --into")
	}
	if o.imports.Collections, err = globs("--restore-collections", splitLists(o.collections)); err != nil {
		return err
	}
	return o.out.check()
}
