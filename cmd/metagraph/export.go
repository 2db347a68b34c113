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
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export [IN [OUT]]",
		Short: "Export a graph or a scope, freeze it, or convert its format",
		Long: `export writes a copy of a graph, as tf.train.export_meta_graph does. Without flags, the graph is copied byte for byte. The name
of OUT sets the file type: *.meta is a MetaGraphDef, *.pb a GraphDef, and saved_model.pb a SavedModel.

--outputs keeps only the nodes that the outputs need. --inputs replaces tensors with placeholders. --freeze turns variables into
constants. --saved-model writes a directory that TensorFlow Serving can load. Values are read from the checkpoint beside
IN, or from --checkpoint.

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
	f.StringVar(&o.export.Scope, "export-scope", "", "copy only the nodes of `scope`, without its prefix")
	f.StringArrayVar(&o.collections, "collection-list", nil, "copy only the collection `key` (repeatable, comma-separated)")
	f.BoolVar(&o.missing, "allow-missing", false, "ignore missing collections in --collection-list")
	f.BoolVar(&o.export.ClearDevices, "clear-devices", false, "clear the device of every node")
	f.BoolVar(&o.export.ClearExtraneousSavers, "clear-extraneous-savers", false, "remove savers other than saver_def's, including their nodes")
	f.BoolVar(&o.export.StripDefaultAttrs, "strip-default-attrs", false, "remove attrs that have the default value of their op")
	f.StringVar(&o.export.UnboundInputs, "unbound-inputs-col-name", "unbound_inputs", "collection `key` for inputs from outside the scope (empty: none)")
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
	x := exported{o: o, in: in, out: out, kind: o.kind(out, in)}
	if x.values, err = o.convert.open(in); err != nil {
		return err
	}
	defer x.close() //nolint:errcheck // read only
	o.export.Checkpoint = x.values
	if x.message, x.report, err = rewrite.Export(in.Meta, o.withTags(in)); err != nil {
		return remedied(err, in)
	}
	if err := o.checkMissing(in.Name, x.report); err != nil {
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

// withTags returns the export options. A SavedModel without tags gets the tag "serve".
func (o *exportOptions) withTags(in *metafile.File) rewrite.ExportOptions {
	options := o.export
	if options.SavedModel && options.Tags == nil && in.Tags == "" {
		options.Tags = []string{"serve"}
	}
	return options
}

// kind returns the type of message to write to out: the one that a flag sets, else the one for the name of out, else the type of in.
func (o *exportOptions) kind(out string, in *metafile.File) metafile.Kind {
	switch {
	case o.graphDef:
		return metafile.GraphDef
	case o.convert.savedModel:
		return metafile.SavedModel
	}
	if kind, ok := metafile.KindByName(out); ok && !samePlace(out, in) {
		return kind
	}
	return in.Kind
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
		return usageErrorf("name a new directory", "--saved-model writes a directory, so OUT cannot be standard output")
	case c.withCheckpoint && metafile.IsStdout(out):
		return usageErrorf("name a file, such as OUT.meta", "--with-checkpoint writes files beside OUT, so OUT cannot be standard output")
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
	return usageErrorf(hint+" (--allow-missing ignores this)", "%s: no collection named %s", name, shortList(report.Missing))
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
		return usageErrorf("name a file to write to", "--save-debug-info writes a file beside OUT, so OUT cannot be standard output")
	}
	if o.debugInfo && metafile.DebugInfoPath(out) == out {
		return usageErrorf("use another extension for OUT", "%s: --save-debug-info writes the debug info to this file", out)
	}
	if o.export.Registry, err = o.registry.load(); err != nil {
		return err
	}
	if err := o.convert.parse(&o.export); err != nil {
		return err
	}
	if err := o.checkPlace(out); err != nil {
		return err
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
