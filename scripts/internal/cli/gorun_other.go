//go:build !linux

package cli

// endWithGoRun does nothing: only Linux tells a process of its parent's end.
func endWithGoRun() {}
