// The size of every node on the map.

export const NODE_WIDTH_PX = 210;
export const NODE_HEIGHT_PX = 58;
