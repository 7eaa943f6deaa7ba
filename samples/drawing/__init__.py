"""How a garment becomes a photo: curves, cloth, light, backdrop and props; knows nothing of shops or feeds."""
