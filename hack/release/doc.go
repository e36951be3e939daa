// Command release makes what a release consists of, from the tree it stands in and a version. What it writes depends on
// these alone: twice the same tree gives twice the same bytes.
//
//	release chart                      renews the generated files in charts/caphv
//	release components --version V     writes infrastructure-components.yaml and metadata.yaml
//	release assets --version V         writes everything that is uploaded
//	release publish-classes            records the digests of the ClusterClasses
//	release tags                       prints the tags of the modules, in the order in which they are pushed
//	release modules --out DIR          writes the modules as they are tagged: no replace, released siblings
package main
