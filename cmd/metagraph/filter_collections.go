package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/rewrite"
	"github.com/metagraph/metagraph/internal/wire"
)

// filterCollectionsOptions holds the flags of filter-collections.
type filterCollectionsOptions struct {
	in           inputFlags
	out          outputFlags
	keep         []string
	drop         []string
	allowMissing bool
}

func newFilterCollectionsCommand(env *environment) *cobra.Command {
	var o filterCollectionsOptions
	cmd := &cobra.Command{
		Use:   "filter-collections [IN [OUT]] {--keep GLOB | --drop GLOB}...",
		Short: "Keep or drop collections",
		Long: `filter-collections drops collections and changes nothing else. --keep drops every collection that does not match. --drop
then drops collections from the rest. A pattern that matches nothing is an error with suggestions, so that a typo cannot drop
everything.

In a GLOB, * matches any characters, ? matches one character, and [a-z] matches one of a set.`,
		Example: `  metagraph filter-collections --keep logits < in.meta > out.meta
  metagraph filter-collections --keep '*variables,train_op' in.meta out.meta
  metagraph filter-collections --drop 'summar*' --drop queue_runners in.meta out.meta`,
		Args: inputAndOutput,
		RunE: func(cmd *cobra.Command, args []string) error { return runFilterCollections(cmd, env, &o, args) },
	}
	o.in.register(cmd)
	o.out.register(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&o.keep, "keep", nil, "keep collections matching `GLOB`, drop all others (repeatable, comma-separated)")
	f.StringArrayVar(&o.drop, "drop", nil, "drop collections matching `GLOB` (repeatable, comma-separated)")
	f.BoolVar(&o.allowMissing, "allow-missing", false, "allow patterns that match nothing")
	return cmd
}

func runFilterCollections(cmd *cobra.Command, env *environment, o *filterCollectionsOptions, args []string) error {
	options, err := o.parse()
	if err != nil {
		return err
	}
	in, err := o.in.open(env, argument(args, 0))
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	meta, report, err := rewrite.FilterCollections(in.Meta, options)
	if err != nil {
		return in.Annotate(missingAllowed(err))
	}
	r := result{reports: reportOf(render.Collections{CollectionsReport: report, Check: o.out.dryRun, DryRun: o.out.dryRun})}
	return o.out.writeGraphs(cmd.Context(), env, argument(args, 1), r, []*wire.Rope{meta}, in)
}

// missingAllowed adds a hint about --allow-missing to an error about patterns that match nothing.
func missingAllowed(err error) error {
	missing, ok := errors.AsType[*rewrite.MissingError](err)
	if !ok {
		return err
	}
	return usageErrorf(missing.Hint()+" (--allow-missing ignores this)", "%v", err)
}

// parse converts the flags to options.
func (o *filterCollectionsOptions) parse() (rewrite.CollectionOptions, error) {
	options := rewrite.CollectionOptions{AllowMissing: o.allowMissing}
	if len(o.keep)+len(o.drop) == 0 {
		return options, usageErrorf("for example: metagraph filter-collections --keep logits in.meta out.meta", "--keep or --drop is required")
	}
	var err error
	if options.Keep, err = globs("--keep", splitLists(o.keep)); err != nil {
		return options, err
	}
	if options.Drop, err = globs("--drop", splitLists(o.drop)); err != nil {
		return options, err
	}
	return options, o.out.check()
}
