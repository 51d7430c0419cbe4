// Stands in for the zarr codecs that the bundle leaves out; the viewer reads no zarr.
export default null
