// Package rewrite changes one thing in a MetaGraphDef and leaves all other bytes as they are. Each rewrite takes the
// message as wire bytes, returns the new one as a rope of windows on them, and a report of what it did.
//
// The files: devices.go, with devicenode.go for one node and colocation.go for its groups; collections.go; export.go, the plan
// of a copy, and exportbuild.go, the copy, with savers.go, defaults.go and debuginfo.go for its flags; import.go, a graph put
// under a scope (rename.go) or into another (merge.go, mergecollections.go, functions.go), with inputmap.go and outer.go for
// what it reads there, taken.go for the names that are free, elements.go for those that were asked for and survey.go for what
// one walk finds; fields.go, initializers.go, lookup.go and oplist.go, for both; outputs.go and attrequal.go, what nodes say;
// wellformed.go, damage; trouble.go, errors, several at once.
package rewrite
