"""DICOM nodes that answer."""
