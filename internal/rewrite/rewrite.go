// Package rewrite changes a MetaGraphDef and leaves all other bytes as they are. Its rewrites are ClearDevices,
// FilterCollections, Export and Import. Each reads the message as wire bytes. It returns the result as a rope, whose
// unchanged parts are windows on the input, and a report of what changed.
package rewrite
