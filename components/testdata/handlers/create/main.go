// Command create is a function that does nothing, quick to compile.
package main

func main() {}
