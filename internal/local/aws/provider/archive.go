package provider

import (
	"maps"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// located returns inputs whose archives are found from any folder: a relative path
// is relative to the program's, where Pulumi runs a program and its plugins.
func (pr *provider) located(inputs property.Map) property.Map {
	for key, value := range inputs.All {
		if value.IsArchive() {
			inputs = inputs.Set(key, property.WithGoValue(value, pr.locatedArchive(value.AsArchive())))
		}
	}
	return inputs
}

func (pr *provider) locatedArchive(from *archive.Archive) *archive.Archive {
	located := *from
	located.Path = pr.locatedPath(from.Path)
	located.Assets = maps.Clone(from.Assets)
	for name, member := range from.Assets {
		switch member := member.(type) {
		case *archive.Archive:
			located.Assets[name] = pr.locatedArchive(member)
		case *asset.Asset:
			file := *member
			file.Path = pr.locatedPath(member.Path)
			located.Assets[name] = &file
		}
	}
	return &located
}

func (pr *provider) locatedPath(path string) string {
	if path == "" || pr.ProgramDir == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(pr.ProgramDir, path)
}
