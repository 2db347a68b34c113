package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/wire"
)

// exportOptions holds the flags of export.
type exportOptions struct {
	in          inputFlags
	out         outputFlags
	registry    registryFlags
	export      rewrite.ExportOptions
	convert     convertFlags
	collections []string
	asText      bool
	graphDef    bool
	debugInfo   bool
	missing     bool
}

func newExportCommand(env *environment) *cobra.Command {
	o := exportOptions{in: inputFlags{allTags: true}}
	cmd := &cobra.Command{
		Use:   "export [IN [OUT]]",
		Short: "Export a graph or a scope: cut, freeze or convert it",
		Long: `export writes a copy of a graph, as tf.train.export_meta_graph does. Without flags, the graph is copied byte for byte. The name
of OUT sets the file type: *.meta is a MetaGraphDef, *.pb a GraphDef, and saved_model.pb a SavedModel.

--outputs keeps only the nodes that the outputs need. --inputs replaces tensors with placeholders. --freeze turns variables into
constants. --saved-model writes a directory that TensorFlow Serving can load. Values are read from the checkpoint next to
IN, or from --checkpoint. --set-value turns placeholders such as is_training into constants, and --set-shape changes the shape of one.

--export-scope copies the nodes of one scope and removes the scope from their names. An input from outside the scope becomes
$unbound_inputs_NAME. To connect it again, use metagraph import --input-map.`,
		Example: `  metagraph export --as-text model.meta model.pbtxt
  metagraph export --export-scope tower_0 --clear-devices model.meta tower.meta
  metagraph export --collection-list logits,trainable_variables model.meta inference.meta
  metagraph export --inputs x=features --outputs probabilities iris served.meta
  metagraph export --freeze --outputs probabilities iris frozen.pb
  metagraph export --saved-model --inputs x=features --outputs y=probabilities iris export/1`,
		Args: inputAndOutput,
		RunE: func(cmd *cobra.Command, args []string) error { return runExport(cmd, env, &o, args) },
	}
	o.in.register(cmd)
	o.out.register(cmd)
	o.registry.register(cmd)
	o.convert.register(cmd)
	f := cmd.Flags()
	f.StringVar(&o.export.Scope, "export-scope", "", "copy only the nodes of `SCOPE`, without its prefix")
	f.StringArrayVar(&o.collections, "collection-list", nil, "copy only the collection `KEY` (repeatable, comma-separated)")
	f.BoolVar(&o.missing, "allow-missing", false, "ignore missing collections in --collection-list")
	f.BoolVar(&o.export.ClearDevices, "clear-devices", false, "clear the device of every node")
	f.BoolVar(&o.export.ClearExtraneousSavers, "clear-extraneous-savers", false, "remove savers other than saver_def's, including their nodes")
	f.BoolVar(&o.export.StripDefaultAttrs, "strip-default-attrs", false, "remove attrs that have the default value of their op")
	f.StringVar(&o.export.UnboundInputs, "unbound-inputs-col-name", "unbound_inputs", "collection `KEY` for inputs from outside the scope (empty: none)")
	f.BoolVar(&o.asText, "as-text", false, "write text (same as --output-format text)")
	f.BoolVar(&o.graphDef, "graph-def", false, "write only the GraphDef")
	f.BoolVar(&o.debugInfo, "save-debug-info", false, "also copy the debug info of the exported nodes")
	return cmd
}

func runExport(cmd *cobra.Command, env *environment, o *exportOptions, args []string) error {
	out := argument(args, 1)
	if err := o.parse(out); err != nil {
		return err
	}
	in, err := o.in.open(env, argument(args, 0))
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	x := exported{o: o, in: in}
	if x.place, err = o.place(out, in); err != nil {
		return err
	}
	if x.values, err = o.convert.open(in); err != nil {
		return err
	}
	defer x.close() //nolint:errcheck // read only
	if err := x.export(); err != nil {
		return err
	}
	switch {
	case o.convert.savedModel:
		return x.writeSavedModel(cmd.Context(), env)
	case o.convert.withCheckpoint:
		return x.writeWithCheckpoint(cmd.Context(), env)
	}
	return x.write(cmd.Context(), env)
}

// place returns the destination for OUT, of the type that a flag sets, else the one that placeOf chooses. A cut or frozen graph that
// becomes a directory is written as --saved-model does, which checks that it can be loaded.
func (o *exportOptions) place(out string, in *metafile.File) (place, error) {
	kind, named := metafile.KindByName(out)
	switch {
	case o.graphDef:
		return place{path: target(out, metafile.GraphDef, in), kind: metafile.GraphDef, owner: in}, nil
	case o.convert.savedModel, named && kind == metafile.SavedModel && in.Kind != metafile.SavedModel && !samePlace(out, in):
		return place{path: out, kind: metafile.SavedModel, owner: in}, nil
	}
	p, err := placeOf(out, in, in)
	switch {
	case err != nil:
	case p.kind == metafile.SavedModel && o.convert.withCheckpoint:
		return p, usageErrorf("name it *.meta, or use --saved-model", "--with-checkpoint: %s would be a SavedModel, whose checkpoint is in its directory", out)
	case p.directory != "" && (o.convert.freeze || len(o.export.Outputs) > 0):
		o.convert.savedModel, o.export.SavedModel = true, true
		p.path, p.directory = out, ""
	}
	return p, err
}

// checkPlace returns an error if an output that consists of several files would go to standard output, or if flags ask for two types of
// output.
func (o *exportOptions) checkPlace(out string) error {
	c := &o.convert
	switch {
	case c.savedModel && o.graphDef:
		return usageErrorf("leave out one of them", "--saved-model and --graph-def cannot be used together")
	case c.savedModel && c.withCheckpoint:
		return usageErrorf("leave out --with-checkpoint", "--saved-model always writes the checkpoint")
	case c.savedModel && metafile.IsStdout(out):
		return usageErrorf("name a new directory as OUT, such as export/1", "--saved-model writes a directory, so OUT cannot be standard output")
	case c.withCheckpoint && metafile.IsStdout(out):
		return usageErrorf("name a file, such as OUT.meta", "--with-checkpoint writes files next to OUT, so OUT cannot be standard output")
	}
	return nil
}

// checkMissing returns an error if a collection of --collection-list does not exist, unless --allow-missing is set.
func (o *exportOptions) checkMissing(name string, report *rewrite.ExportReport) error {
	if len(report.Missing) == 0 || o.missing {
		return nil
	}
	hint := "available: " + shortList(append(slices.Clone(report.Collections), report.Dropped...))
	if len(report.MissingNearest) > 0 {
		hint = "did you mean " + shortList(report.MissingNearest) + "?"
	}
	return fileErrorf(name, hint+" (--allow-missing ignores this)", "no collection named %s", shortList(report.Missing))
}

// cutDebugInfo returns the debug info of the exported nodes, or nil if it is not wanted or does not exist.
func (o *exportOptions) cutDebugInfo(in *metafile.File) (*wire.Rope, error) {
	if !o.debugInfo {
		return nil, nil
	}
	info, ok, err := in.DebugInfo()
	if err != nil || !ok {
		return nil, err
	}
	cut, err := rewrite.ExportDebugInfo(in.Meta, o.export, info)
	return cut, in.Annotate(err)
}

// parse converts the flags to options. It rejects contradictory flags before any file is opened.
func (o *exportOptions) parse(out string) (err error) {
	if o.debugInfo && metafile.IsStdout(out) {
		return usageErrorf("name a file to write to", "--save-debug-info writes a file next to OUT, so OUT cannot be standard output")
	}
	if o.debugInfo && metafile.DebugInfoPath(out) == out {
		return fileErrorf(out, "use another extension for OUT", "--save-debug-info writes the debug info to this file")
	}
	if o.export.Registry, err = o.registry.load(); err != nil {
		return err
	}
	if err := o.convert.parse(&o.export); err != nil {
		return err
	}
	if o.export.Tags != nil && o.in.tagSet() == allTagSets {
		return usageErrorf("select one MetaGraphDef with --tag-set", "--tags and --tag-set %s cannot be used together: each MetaGraphDef needs its own tags", allTagSets)
	}
	if err := o.checkPlace(out); err != nil {
		return err
	}
	if o.missing && len(o.collections) == 0 {
		return usageErrorf("leave it out, or name collections", "--allow-missing needs --collection-list")
	}
	if len(o.collections) > 0 {
		if o.graphDef {
			return usageErrorf("leave out one of them", "--graph-def and --collection-list cannot be used together")
		}
		if o.export.Collections = splitLists(o.collections); slices.Contains(o.export.Collections, "") {
			return usageErrorf("leave out --collection-list to copy all", "--collection-list contains an empty name")
		}
	}
	if o.asText {
		if o.out.format != "auto" && o.out.format != "text" {
			return usageErrorf("leave out one of them", "--as-text and --output-format %s contradict each other", o.out.format)
		}
		o.out.format = "text"
	}
	return o.out.check()
}
