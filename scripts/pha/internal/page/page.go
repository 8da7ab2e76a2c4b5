// Package page is the live page of pha up: every request with the way that it took, what
// is deployed, and forms to try it.
package page
